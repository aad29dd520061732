// A process that ends while the gate has news for it which it has not taken: for the test that
// looks at how it ends. Argument: an empty directory to mount something on.
// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { loadBinding } from "../../daemon/kernel/binding.ts";
import { Gate } from "../../daemon/kernel/gate.ts";

const [directory = ""] = process.argv.slice(2);
const gate = Gate.open(loadBinding(), {
  deadlineMs: 1_000,
  denyOnDeadline: false,
  handOverBytes: 1 << 20,
});
gate.watchMounts(() => undefined);
execFileSync("mount", ["-t", "tmpfs", "none", directory]);
execFileSync("umount", [directory]);
// Long enough for the gate's thread to announce it, with no turn of the event loop to take it.
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
