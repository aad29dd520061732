// Looks, once, for programs that containers started while no daemon guarded, and that still run. In the main thread, in
// short turns; what is found is judged by the guard thread.
// SPDX-License-Identifier: Apache-2.0
import { setImmediate } from "node:timers/promises";
import { containerIdsOf } from "./enrich/cgroup.ts";
import type { ProcessFacts } from "./enrich/process-tree.ts";
import { contentSizeMax } from "./guard/contents.ts";
import type { FoundFile, ProcessSource } from "./host/processes.ts";
import type { Container } from "./model/container.ts";
import type { UnguardedProgram, UnguardedScan } from "./model/unguarded.ts";
import { parseStat } from "./tracer/proc-text.ts";
import type { ByteString } from "./util/byte-string.ts";

/** Whom it asks, and what it hands on. */
export interface UnguardedScanOptions {
  readonly source: ProcessSource;
  /** status, stat, exe and argv of a process; undefined when it is gone. */
  readonly readFacts: (pid: number) => ProcessFacts | undefined;
  readonly readCgroup: (pid: number) => ByteString;
  /** Whether a superblock is the root of a container. */
  readonly isRoot: (device: number) => boolean;
  readonly container: (id: string) => Container | undefined;
  readonly limits?: Partial<typeof scanLimits>;
}

/** Bounds of one look. */
export const scanLimits = {
  /** Processes that began in the time. */
  processesMax: 4_096,
  /** Files that are hashed: those that no image ships as they are. */
  digestsMax: 256,
  digestBytesMax: 1 << 30,
};

/** Between two turns of others. */
const turnLength = 32;
/** runc runs a copy of itself before it becomes the container's first program. */
const runcClone = "/memfd:runc_cloned:";

/** Finds what began at `fromTicks` after boot (USER_HZ) or later. Never rejects. */
export async function scanUnguarded(
  options: UnguardedScanOptions,
  fromTicks: bigint,
): Promise<{ readonly programs: readonly UnguardedProgram[]; readonly scan: UnguardedScan }> {
  const { source } = options;
  const limits = { ...scanLimits, ...options.limits };
  const programs: UnguardedProgram[] = [];
  const counts = { forks: 0, unreadable: 0, beyond: 0 };
  const digests = { left: limits.digestsMax, bytesLeft: limits.digestBytesMax };
  let begun = 0;
  for (const [index, pid] of (await source.pids()).entries()) {
    if (index % turnLength === 0) await setImmediate();
    const stat = source.text(pid, "stat") ?? "";
    if ((parseStat(stat)?.startTicks ?? -1n) < fromTicks) continue;
    begun += 1;
    if (begun > limits.processesMax) {
      counts.beyond += 1;
      continue;
    }
    const found = await look(options, pid);
    if (found === "foreign") continue;
    if (found === "gone") counts.unreadable += 1;
    else if (isFork(options, found.process, stat)) counts.forks += 1;
    else programs.push(await withDigest(options, found, digests));
  }
  return { programs, scan: { found: programs.length, ...counts } };
}

async function look(
  { source, readFacts, readCgroup, isRoot }: UnguardedScanOptions,
  pid: number,
): Promise<UnguardedProgram | "foreign" | "gone"> {
  const cgroupIds = containerIdsOf(readCgroup(pid));
  const file = await source.file(pid);
  if (cgroupIds.length === 0 && (file === undefined || !isRoot(file.device))) return "foreign";
  const facts = readFacts(pid);
  if (file === undefined || facts === undefined) return "gone";
  if (facts.exepath.startsWith(runcClone)) return "foreign";
  const login = Number(source.text(pid, "loginuid") ?? unsetLogin);
  const cwd = source.cwd(pid);
  const process = {
    ...facts,
    ...{ exepath: pathOf(facts.exepath), exe: facts.argv[0] ?? "", env: [] },
    ...(cwd === undefined ? {} : { cwd }),
    ...(login === unsetLogin ? {} : { loginuid: login }),
  };
  return { process, cgroupIds, file: { ...file, path: process.exepath } };
}

const unsetLogin = 4_294_967_295;

/** The kernel adds that a file has no name any more (proc(5)). */
function pathOf(exepath: ByteString): ByteString {
  const suffix = " (deleted)";
  return exepath.endsWith(suffix) ? exepath.slice(0, -suffix.length) : exepath;
}

/**
 * A process that did no exec of its own has its parent's stack, at the very place that the kernel chose for the parent at
 * random (proc(5), startstack).
 */
function isFork(
  { source, readFacts }: UnguardedScanOptions,
  process: UnguardedProgram["process"],
  stat: ByteString,
): boolean {
  const parentStat = source.text(process.ppid, "stat");
  const parent = readFacts(process.ppid);
  if (parentStat === undefined || parent === undefined) return false;
  return pathOf(parent.exepath) === process.exepath && stackOf(parentStat) === stackOf(stat);
}

/** Field 28 of /proc/PID/stat. */
function stackOf(stat: ByteString): string {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ", 26)[25] ?? "";
}

async function withDigest(
  options: UnguardedScanOptions,
  found: UnguardedProgram,
  room: { left: number; bytesLeft: number },
): Promise<UnguardedProgram> {
  const { file, process, cgroupIds } = found;
  const isTooMuch = room.left <= 0 || file.size > Math.min(contentSizeMax, room.bytesLeft);
  if (isTooMuch || isShipped(options, file, cgroupIds)) return found;
  room.left -= 1;
  room.bytesLeft -= file.size;
  const sha256 = await options.source.digest(process.pid, file);
  return sha256 === undefined ? found : { ...found, sha256 };
}

function isShipped(
  { container }: UnguardedScanOptions,
  { isOnRoot, ctimeNs }: FoundFile,
  cgroupIds: readonly string[],
): boolean {
  const created = cgroupIds.map((id) => container(id)?.createdNs).find((ns) => ns !== undefined);
  return isOnRoot === true && created !== undefined && ctimeNs < created;
}
