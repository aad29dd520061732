// A process that holds every exec on an overlay and never answers: for tests that kill or stop it. Arguments: the
// overlay's root and device, its mode, and the deadline in milliseconds, at which it denies. Says "ready", "sees
// ARGUMENT" for each exec with its last argument, and its counters for each line that it is given.
// SPDX-License-Identifier: Apache-2.0
import { loadBinding } from "../../daemon/kernel/binding.ts";
import { Gate } from "../../daemon/kernel/gate.ts";
import { decodeRecords } from "../../daemon/tracer/gate-record.ts";

const [root = "", device = "", mode = "hold", deadlineMs = "60000"] = process.argv.slice(2);
const gate = Gate.open(loadBinding(), {
  deadlineMs: Number(deadlineMs),
  denyOnDeadline: true,
  handOverBytes: 1 << 20,
});
gate.setMode(Number(device), mode === "hold" ? "hold" : "observe");
const failure = gate.mark({ root: "/", path: root, device: Number(device), extent: "filesystem" });
if (failure !== undefined) throw new Error(`cannot mark: ${JSON.stringify(failure)}`);
gate.onRecords((batch) => {
  for (const { argv } of decodeRecords(batch)) process.stdout.write(`sees ${argv.at(-1) ?? ""}\n`);
});
process.stdout.write("ready\n");
// Ends with whoever started it.
process.stdin
  .on("end", () => process.exit(0))
  .on("data", () => {
    process.stdout.write(`${JSON.stringify(gate.counters())}\n`);
  });
