// What /proc tells of processes that nobody has told of. Nothing here waits for a process's owner for ever: what asks a
// file system is given a time.
// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { constants, readFileSync, readlinkSync } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import type { ExecutedFile } from "../model/process.ts";
import type { ByteString } from "../util/byte-string.ts";

/** A file without its path, which its process tells. */
export type FoundFile = Omit<ExecutedFile, "path">;

/** Reads processes. */
export interface ProcessSource {
  /** All there are, by pid. */
  pids(): Promise<readonly number[]>;
  /** /proc/PID/NAME; undefined when the process is gone. */
  text(pid: number, name: "stat" | "loginuid"): ByteString | undefined;
  /** Its working directory; undefined when it is gone. */
  cwd(pid: number): ByteString | undefined;
  /** The file that it runs; undefined when it is gone, or the file system does not answer. */
  file(pid: number): Promise<FoundFile | undefined>;
  /** The SHA-256 of that file; undefined when it is another one, changes, or does not come in time. */
  digest(pid: number, file: FoundFile): Promise<string | undefined>;
}

const statTimeoutMs = 1_000;
const digestTimeoutMs = 5_000;
/** Answers that never came: each keeps one of libuv's threads. */
const lateMax = 2;

/** Reads /proc. */
export function createProcessSource(): ProcessSource {
  let late = 0;
  const inTime = async <T>(work: Promise<T>, timeoutMs: number): Promise<T | undefined> => {
    let timer: NodeJS.Timeout | undefined;
    const expired = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => {
        late += 1;
        resolve(undefined);
      }, timeoutMs);
    });
    const done = work.catch(() => undefined);
    const result = await Promise.race([done, expired]);
    clearTimeout(timer);
    return result;
  };
  return {
    async pids() {
      const names = await readdir("/proc");
      return names.map(Number).filter((pid) => Number.isInteger(pid) && pid > 0);
    },
    text: (pid, name) => readProc(`/proc/${pid}/${name}`),
    cwd(pid) {
      try {
        return readlinkSync(`/proc/${pid}/cwd`, "latin1");
      } catch {
        return undefined;
      }
    },
    file: async (pid) => (late < lateMax ? inTime(readFile(pid), statTimeoutMs) : undefined),
    digest: async (pid, file) =>
      late < lateMax ? inTime(digestOf(pid, file), digestTimeoutMs) : undefined,
  };
}

// procfs answers from memory.
function readProc(path: string): ByteString | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
}

async function readFile(pid: number): Promise<FoundFile> {
  const [exe, root] = await Promise.all([
    stat(`/proc/${pid}/exe`, { bigint: true }),
    stat(`/proc/${pid}/root`, { bigint: true }),
  ]);
  return {
    isOnRoot: exe.dev === root.dev,
    device: kernelDevice(exe.dev),
    inode: exe.ino,
    ...{ mode: Number(exe.mode), uid: Number(exe.uid), gid: Number(exe.gid) },
    size: Number(exe.size),
    ...{ mtimeNs: exe.mtimeNs, ctimeNs: exe.ctimeNs },
  };
}

async function digestOf(pid: number, { ctimeNs, inode, size }: FoundFile): Promise<string> {
  const file = await open(`/proc/${pid}/exe`, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const hash = createHash("sha256");
    for await (const part of file.createReadStream({ autoClose: false, end: size }))
      hash.update(part as Buffer);
    const after = await file.stat({ bigint: true });
    if (after.ctimeNs !== ctimeNs || after.ino !== inode) throw new Error("it is another file");
    return hash.digest("hex");
  } finally {
    await file.close();
  }
}

/** From glibc's packing of st_dev (sys/sysmacros.h) to major << 20 | minor. */
function kernelDevice(dev: bigint): number {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n);
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n);
  return Number((major << 20n) | minor);
}
