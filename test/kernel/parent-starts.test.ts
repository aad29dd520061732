// SPDX-License-Identifier: Apache-2.0
import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import t from "tap";
import { loadBinding } from "../../daemon/kernel/binding.ts";
import { Gate } from "../../daemon/kernel/gate.ts";
import { decodeRecords, type GateRecord } from "../../daemon/tracer/gate-record.ts";
import { parseStat } from "../../daemon/tracer/proc-text.ts";
import { mountOverlay, requireRoot } from "../support/overlay.ts";
import { until } from "../support/until.ts";

const execute = promisify(execFile);
const lastPid = "/proc/sys/kernel/ns_last_pid";

/** Prints its own stat, then starts the program $1 six times. */
const parent = `read -r stat < /proc/$$/stat; echo "$stat"; for i in 1 2 3 4 5 6; do "$1"; done`;
/** The same by process $2, which is gone: tries to get its pid. */
const reusing = `
for attempt in $(seq 500); do
  echo "$(($2 - 1))" > ${lastPid}
  /bin/sh -c "[ \\$\\$ = \\"\\$2\\" ] || exit 9; $3" parent "$1" "$2" && exit 0
done
exit 1`;

function canChoosePid(): boolean {
  try {
    accessSync(lastPid, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

if (requireRoot(t)) {
  await t.test(
    "a parent's start is told at each exec of its children, also of a later one with its pid",
    async (t) => {
      const overlay = mountOverlay();
      const gate = Gate.open(loadBinding(), {
        deadlineMs: 2_000,
        denyOnDeadline: false,
        handOverBytes: 1 << 20,
      });
      t.teardown(() => {
        gate.close();
        overlay.remove();
      });
      gate.setMode(overlay.device, "observe");
      gate.mark({ root: "/", path: overlay.root, device: overlay.device, extent: "filesystem" });
      const records: GateRecord[] = [];
      gate.onRecords((batch) => {
        records.push(...decodeRecords(batch));
      });
      const program = join(overlay.root, "bin/true");

      const first = await execute("/bin/sh", ["-c", parent, "parent", program]);
      await until(() => records.length === 6, 60_000);
      const pid = parseInt(first.stdout, 10);
      const start = parseStat(first.stdout)?.startTicks;
      t.type(start, "bigint");
      t.strictSame(
        records.map(({ parentStart }) => parentStart),
        Array(6).fill(start),
      );
      t.strictSame(
        records.map(({ stat }) => parseStat(stat)?.ppid),
        Array(6).fill(pid),
      );

      if (!canChoosePid()) {
        t.comment(`${lastPid} cannot be written: a pid that is used again is not tried`);
        return;
      }
      const again = await execute("/bin/bash", [
        "-c",
        reusing,
        "reusing",
        program,
        String(pid),
        parent,
      ]);
      await until(() => records.length === 12, 60_000);
      t.equal(parseInt(again.stdout, 10), pid, "the pid is another process's now");
      const later = parseStat(again.stdout)?.startTicks;
      t.not(later, start);
      t.strictSame(
        records.slice(6).map(({ parentStart }) => parentStart),
        Array(6).fill(later),
      );
    },
  );
}
