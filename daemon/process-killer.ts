// The addon's errnos as the action stage's results.
// SPDX-License-Identifier: Apache-2.0
import type { KillFailure, KillProcess, KillProcessTree } from "./action/action.ts";
import type { Binding } from "./kernel/binding.ts";
import { err, ok, type Result } from "./util/result.ts";

/** errno(3). */
const esrch = 3;

/** What kills processes, one or with their descendants. */
export interface ProcessKiller {
  readonly killProcess: KillProcess;
  readonly killProcessTree: KillProcessTree;
}

/** Wires the addon. */
export function createProcessKiller(binding: Binding): ProcessKiller {
  return {
    killProcess: (pid, startTicks) =>
      resultOf(binding.killProcess(pid, startTicks), pid, undefined),
    killProcessTree: async (pid, startTicks) => {
      const [errno, killed, isComplete] = await binding.killProcessTree(pid, startTicks);
      return resultOf(errno, pid, { killed, isComplete });
    },
  };
}

function resultOf<T>(errno: number, pid: number, value: T): Result<T, KillFailure> {
  if (errno === 0) return ok(value);
  if (errno === esrch) return err({ kind: "gone", message: "the process has ended" });
  return err({ kind: "failed", message: `cannot kill process ${pid}: errno ${errno}` });
}
