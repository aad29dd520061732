// A process that holds every exec on an overlay and never answers: for the test that kills it.
// Arguments: the overlay's root and device. Says "ready", then one line for each exec it holds.
// SPDX-License-Identifier: Apache-2.0
import { loadBinding } from "../../daemon/kernel/binding.ts";
import { Gate } from "../../daemon/kernel/gate.ts";

const [root = "", device = ""] = process.argv.slice(2);
const gate = Gate.open(loadBinding(), {
  deadlineMs: 60_000,
  denyOnDeadline: true,
  handOverBytes: 1 << 20,
});
gate.setMode(Number(device), "hold");
const failure = gate.mark({ root: "/", path: root, device: Number(device), extent: "filesystem" });
if (failure !== undefined) throw new Error(`cannot mark: ${JSON.stringify(failure)}`);
gate.onRecords(() => {
  process.stdout.write("held\n");
});
process.stdout.write("ready\n");
// Ends with whoever started it.
process.stdin.on("end", () => process.exit(0)).resume();
