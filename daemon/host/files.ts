// SPDX-License-Identifier: Apache-2.0
import { constants } from "node:fs";
import {
  chmod,
  chown,
  type FileHandle,
  open,
  readdir,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type Diagnostic, errorAt, warningAt } from "../text/diagnostic.ts";
import type { Source } from "../text/source.ts";

/** Texts of the files that could be read, and what is wrong with the others. */
export interface SourcesResult {
  readonly sources: readonly Source[];
  readonly diagnostics: readonly Diagnostic[];
}

/** How paths that lead nowhere are taken. */
export interface ReadSourcesOptions {
  /** `warning`: nothing is read from there. `error`: as for any other fault. */
  readonly missing: "error" | "warning";
}

const fileBytesMax = 8 * 1024 * 1024;
const filesPerDirectoryMax = 1000;

/**
 * Reads files and directories in the order given. Of a directory, its `*.yaml` and `*.yml` are read in lexical
 * order (by code unit, whatever the locale), hidden ones, companions (`*.test.yaml`) and subdirectories left out. Every fault is reported.
 */
export async function readSources(
  paths: readonly string[],
  options: ReadSourcesOptions = { missing: "error" },
): Promise<SourcesResult> {
  const sources: Source[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const path of paths) {
    const found = await findFiles(path, options);
    diagnostics.push(...found.diagnostics);
    for (const file of found.files) {
      const read = await readSource(file);
      if ("code" in read) diagnostics.push(read);
      else sources.push(read);
    }
  }
  return { sources, diagnostics };
}

/** Writes beside a file and renames, so that nobody reads half of it; a link stays one, mode and owner stay. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const target = await realpath(path);
  const { mode, uid, gid } = await stat(target);
  const beside = join(dirname(target), `.${basename(target)}.${process.pid}.new`);
  try {
    await writeFile(beside, text, { flag: "wx", mode: 0o600 });
    const { uid: ours, gid: group } = await stat(beside);
    if (ours !== uid || group !== gid) await chown(beside, uid, gid);
    await chmod(beside, mode & 0o7777);
    await rename(beside, target);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

/** Writes a file that everybody may read and that is not there yet; EEXIST where it is. */
export async function createFile(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flag: "wx", mode: 0o644 });
}

/** The files that `readSources` would read for this path; the path itself where that leads nowhere. */
export async function findSources(path: string): Promise<readonly string[]> {
  const { files } = await findFiles(path, { missing: "warning" });
  return files.length === 0 ? [path] : files;
}

interface FoundFiles {
  readonly files: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

async function findFiles(path: string, { missing }: ReadSourcesOptions): Promise<FoundFiles> {
  try {
    if (!(await stat(path)).isDirectory()) return { files: [path], diagnostics: [] };
    const names = (await readdir(path)).filter(isYamlName).sort();
    const diagnostics = names.length > filesPerDirectoryMax ? [tooMany(path, names.length)] : [];
    const files = names.slice(0, filesPerDirectoryMax).map((name) => join(path, name));
    return { files, diagnostics };
  } catch (error) {
    const fault = codeOf(error) === "ENOENT" ? missingAt(path, missing) : unreadable(path, error);
    return { files: [], diagnostics: [fault] };
  }
}

function isYamlName(name: string): boolean {
  // Companions (tests of rules) stand beside the files that they test.
  return !name.startsWith(".") && /(?<!\.test)\.ya?ml$/.test(name);
}

/** The file's text, or what is wrong with it. */
async function readSource(path: string): Promise<Source | Diagnostic> {
  let handle: FileHandle | undefined;
  try {
    // O_NONBLOCK: a fifo must not hold the daemon's start.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await handle.stat();
    if (!stats.isFile()) {
      return errorAt({
        code: "file-unreadable",
        message: `cannot read "${path}": it is no regular file`,
      });
    }
    const bytes = await readAtMost(handle, fileBytesMax + 1);
    if (bytes.length > fileBytesMax) {
      const message = `cannot read "${path}": it has more than ${fileBytesMax} bytes; split it`;
      return errorAt({ code: "file-limit", message });
    }
    return { name: path, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch (error) {
    if (codeOf(error) !== "ERR_ENCODING_INVALID_ENCODED_DATA") return unreadable(path, error);
    const message = `cannot read "${path}": it is not UTF-8; convert it: iconv -t UTF-8`;
    return errorAt({ code: "file-encoding", message });
  } finally {
    await handle?.close();
  }
}

/** Reads without trusting the size that stat tells: the file may grow meanwhile. */
async function readAtMost(handle: FileHandle, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  while (byteCount < bytesMax) {
    const chunk = Buffer.alloc(Math.min(64 * 1024, bytesMax - byteCount));
    const { bytesRead } = await handle.read(chunk);
    if (bytesRead === 0) break;
    chunks.push(chunk.subarray(0, bytesRead));
    byteCount += bytesRead;
  }
  return Buffer.concat(chunks);
}

function missingAt(path: string, severity: ReadSourcesOptions["missing"]): Diagnostic {
  const parts = {
    code: "file-missing",
    message: `cannot find "${path}": create it, or name another`,
  };
  return severity === "error" ? errorAt(parts) : warningAt(parts);
}

function unreadable(path: string, error: unknown): Diagnostic {
  const why = error instanceof Error ? error.message : String(error);
  return errorAt({ code: "file-unreadable", message: `cannot read "${path}": ${why}` });
}

function tooMany(path: string, count: number): Diagnostic {
  const message = `cannot read all ${count} files of "${path}": at most ${filesPerDirectoryMax} are read; join some`;
  return errorAt({ code: "file-limit", message });
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
