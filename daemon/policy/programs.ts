// SPDX-License-Identifier: Apache-2.0
import type { FileContent, ProgramReason, ProgramVerdict } from "../model/program.ts";
import type { ByteString } from "../util/byte-string.ts";
import type { ProgramEntry } from "./program-entry.ts";

/** What one allowlist says of the programs in its containers. */
export interface ProgramList {
  /** Nothing runs that the image does not ship, unchanged, where it lies. */
  readonly isFromImageOnly: boolean;
  /** Absent where every program of the image may run. */
  readonly entries?: ProgramEntries;
}

/** Entries, by what they ask for. Built once, asked at every exec. */
export interface ProgramEntries {
  /** Paths that allow their file whatever it is called with. */
  readonly paths: ReadonlySet<ByteString>;
  readonly digests: ReadonlySet<string>;
  /** Entries with stars, an applet or an operand. */
  readonly others: readonly (ProgramEntry & { readonly kind: "path" })[];
}

/** One exec, as lists of programs see it. */
export interface ProgramRun {
  /** What the call asked for; absent where that was judged before, as a script of which this is the interpreter. */
  readonly program?: FileContent;
  /** An interpreter or ELF loader that the kernel opened for it. */
  readonly beside: readonly FileContent[];
  readonly applet?: ByteString | undefined;
  /** The first argument, as a path. A claim. */
  readonly operand?: ByteString | undefined;
  /** The program is an ELF loader with this as what it is to run; empty where nothing tells. */
  readonly loaded?: { readonly isNamed: boolean; readonly path: ByteString };
}

const listed: ProgramVerdict = { isAllowed: true, because: "listed" };
/** Of several lists, each with its reason, what is told: the first of these. */
const reasons: readonly ProgramReason[] = [
  "unknown",
  "unreadable",
  "unseen",
  "not-from-image",
  "not-listed",
];

/** Puts entries where they are found. */
export function indexEntries(entries: readonly ProgramEntry[]): ProgramEntries {
  const paths = new Set<ByteString>();
  const digests = new Set<string>();
  const others: (ProgramEntry & { readonly kind: "path" })[] = [];
  for (const entry of entries) {
    if (entry.kind === "digest") digests.add(entry.sha256);
    else if (isPlain(entry)) paths.add(entry.path.literal ?? "");
    else others.push(entry);
  }
  return { paths, digests, others };
}

/** What the lists say of one exec: a program may run when one of them allows it. Undefined without any list. */
export function judgeProgram(
  lists: readonly ProgramList[],
  run: ProgramRun,
): ProgramVerdict | undefined {
  if (lists.length === 0) return undefined;
  const said = lists.map((list) => reasonOf(list, run));
  if (said.includes("listed")) return listed;
  const because = reasons.find((reason) => said.includes(reason)) ?? "not-listed";
  return { isAllowed: false, because };
}

/** What nobody opened for us is on no list. */
export function judgeUnseen(lists: readonly ProgramList[]): ProgramVerdict | undefined {
  return lists.length === 0 ? undefined : { isAllowed: false, because: "unseen" };
}

/** Whether a list may allow a file of which nothing but the path is known. */
export function mayBeListed(
  lists: readonly ProgramList[],
  path: ByteString,
  run: Pick<ProgramRun, "applet" | "operand">,
): boolean {
  return lists.some(
    ({ entries }) =>
      entries === undefined ||
      entries.digests.size > 0 ||
      isPathListed(entries, path, { ...run, beside: [] }),
  );
}

/** Whether a list may ask for the digest of a file that lies unchanged in the image. */
export function asksForDigests(list: ProgramList): boolean {
  return (list.entries?.digests.size ?? 0) > 0;
}

function reasonOf(list: ProgramList, run: ProgramRun): ProgramReason {
  const ofProgram = run.program === undefined ? "listed" : reasonOfProgram(list, run.program, run);
  if (ofProgram !== "listed") return ofProgram;
  // The kernel chose these, by what is written in a file that is allowed: they have to be what the image means by it.
  return (
    run.beside
      .map((file) => reasonBeside(list, file))
      .find((reason): boolean => reason !== "listed") ?? "listed"
  );
}

function reasonOfProgram(list: ProgramList, file: FileContent, run: ProgramRun): ProgramReason {
  if (run.loaded !== undefined) return reasonOfLoader(list, file, run.loaded);
  const { entries, isFromImageOnly } = list;
  if (isFromImageOnly && file.isUnchanged !== true) return notUnchanged(file);
  if (entries === undefined) return "listed";
  if (file.imagePaths.some((path) => isPathListed(entries, path, run))) return "listed";
  return reasonByDigest(entries, file);
}

function reasonBeside({ entries, isFromImageOnly }: ProgramList, file: FileContent): ProgramReason {
  if (file.isUnchanged === true) return "listed";
  if (isFromImageOnly || entries === undefined) return notUnchanged(file);
  if (file.imagePaths.length > 0) return "listed";
  return reasonByDigest(entries, file);
}

/** A loader runs whatever it is told to: it has to be named itself, and no star names it. */
function reasonOfLoader(
  { entries }: ProgramList,
  file: FileContent,
  loaded: NonNullable<ProgramRun["loaded"]>,
): ProgramReason {
  if (!loaded.isNamed || entries === undefined || file.isUnchanged !== true) return "unseen";
  const isListed = file.imagePaths.some(
    (path) =>
      entries.paths.has(path) ||
      entries.others.some(
        (entry) =>
          entry.path.literal === path &&
          entry.applet === undefined &&
          entry.operand?.matches(loaded.path) === true,
      ),
  );
  return isListed ? "listed" : "unseen";
}

function reasonByDigest(entries: ProgramEntries, file: FileContent): ProgramReason {
  const { sha256 } = file;
  if (sha256 !== undefined && entries.digests.has(sha256)) return "listed";
  const counts = !file.arePathsKnown || (sha256 === undefined && entries.digests.size > 0);
  return (counts ? missingOf(file) : undefined) ?? "not-listed";
}

function notUnchanged(file: FileContent): ProgramReason {
  return (file.isUnchanged === undefined ? missingOf(file) : undefined) ?? "not-from-image";
}

function missingOf({ missing }: FileContent): ProgramReason | undefined {
  if (missing === undefined) return undefined;
  return missing === "late" ? "unknown" : "unreadable";
}

function isPathListed(entries: ProgramEntries, path: ByteString, run: ProgramRun): boolean {
  if (entries.paths.has(path)) return true;
  return entries.others.some(
    ({ path: pattern, applet, operand }) =>
      (applet === undefined || applet === run.applet) &&
      (operand === undefined || (run.operand !== undefined && operand.matches(run.operand))) &&
      pattern.matches(path),
  );
}

function isPlain({ path, applet, operand }: ProgramEntry & { readonly kind: "path" }): boolean {
  return path.literal !== undefined && applet === undefined && operand === undefined;
}
