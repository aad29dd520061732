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
  return {
    timeNs: record.timeNs,
    monotonicMs: record.monotonicMs,
    tid: record.tid,
    syscall: traced.syscall,
    comm: traced.comm,
    argv: record.argv,
    environment: record.environment,
    cwd: record.cwd,
    file: record.file,
    ...(traced.first === undefined ? {} : { first: traced.first }),
    role: traced.role,
    ...(loaded === undefined ? {} : { loaded }),
    isHeld,
    isArgvKnown: record.isArgvKnown,
    ...(traced.loginuid === undefined ? {} : { loginuid: traced.loginuid }),
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
    ...(record.parentStart === undefined ? {} : { parentStartTicks: record.parentStart }),
  };
}

function loadedByCopy({ role, record }: TracedExec, imagePath: string): LoadedProgram | undefined {
  if (role !== "program" || !isLoaderPath(imagePath)) return undefined;
  return loadedProgram(imagePath, record.argv, record.cwd);
}
