// From the tracer's words to those of the enrich stage: the two do not know each other.
// SPDX-License-Identifier: Apache-2.0
import type { ExecFacts } from "./enrich/enrich.ts";
import type { DeviceLife } from "./enrich/places.ts";
import type { GateRecord } from "./tracer/gate-record.ts";
import { isLoaderPath, loadedProgram, type LoadedProgram } from "./tracer/loader.ts";
import type { TracedExec } from "./tracer/trace.ts";

/** The device of the file that was opened, in its present life. */
export function lifeOf({ file, generation }: GateRecord): DeviceLife {
  return { device: file.device, generation };
}

/**
 * What enriching needs of a traced exec; `isHeld` as it stands now, which may be no more. `imagePath` is where the image
 * has the bytes that were opened, which tells a copy of an ELF loader for what it is.
 */
export function factsOf(traced: TracedExec, isHeld: boolean, imagePath = ""): ExecFacts {
  const { record, stat, status } = traced;
  const loaded = traced.loaded ?? loadedByCopy(traced, imagePath);
  // Filled in place, as events are (enrich/enrich.ts).
  const facts: { -readonly [Key in keyof ExecFacts]: ExecFacts[Key] } = {
    timeNs: record.timeNs,
    monotonicMs: record.monotonicMs,
    tid: record.tid,
    syscall: traced.syscall,
    comm: traced.comm,
    argv: record.argv,
    environment: record.environment,
    cwd: record.cwd,
    file: record.file,
    role: traced.role,
    isHeld,
    isArgvKnown: record.isArgvKnown,
    process: {
      pid: status.pid,
      ppid: stat.ppid,
      vpid: status.vpid,
      sid: stat.sid,
      vsid: status.vsid,
      pgid: stat.pgid,
      vpgid: status.vpgid,
      tty: stat.tty,
      uid: status.uid,
      gid: status.gid,
      startTicks: stat.startTicks,
    },
    capabilities: {
      inheritable: status.capInheritable,
      permitted: status.capPermitted,
      effective: status.capEffective,
    },
  };
  if (traced.first !== undefined) facts.first = traced.first;
  if (loaded !== undefined) facts.loaded = loaded;
  if (traced.loginuid !== undefined) facts.loginuid = traced.loginuid;
  if (record.parentStart !== undefined) facts.parentStartTicks = record.parentStart;
  return facts;
}

function loadedByCopy({ role, record }: TracedExec, imagePath: string): LoadedProgram | undefined {
  if (role !== "program" || !isLoaderPath(imagePath)) return undefined;
  return loadedProgram(imagePath, record.argv, record.cwd);
}
