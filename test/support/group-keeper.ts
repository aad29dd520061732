// A process whose gate outlives it in the store of a service manager: for the test that kills it. Arguments: an overlay's
// root and device. The first one holds every exec there and never answers; its successor says how many it found
// unanswered, and allows what waits once it has read a line.
// SPDX-License-Identifier: Apache-2.0
import { passedDescriptor } from "../../daemon/host/passed-descriptors.ts";
import { loadBinding } from "../../daemon/kernel/binding.ts";
import { Gate } from "../../daemon/kernel/gate.ts";
import { decodeRecords } from "../../daemon/tracer/gate-record.ts";

const { LISTEN_PID: pid, LISTEN_FDS: count, LISTEN_FDNAMES: names, NOTIFY_SOCKET } = process.env;
const [root = "", device = ""] = process.argv.slice(2);
const group = passedDescriptor("kept", { pid, count, names }, process.pid);
const gate = Gate.open(loadBinding(), {
  deadlineMs: 60_000,
  denyOnDeadline: true,
  handOverBytes: 1 << 20,
  ...(group === undefined ? {} : { group }),
});
gate.setMode(Number(device), "hold");
gate.onRecords((batch) => {
  for (const record of decodeRecords(batch)) {
    if (gate.isTakenOver) gate.answer(record.ticket, "allow");
    else process.stdout.write("held\n");
  }
});
if (gate.isTakenOver) {
  process.stdout.write(`inherited ${gate.counters().inherited}\n`);
  process.stdin.once("data", () => {
    gate.startReading();
  });
} else {
  const place = { root: "/", path: root, device: Number(device), extent: "filesystem" } as const;
  const failure = gate.mark(place);
  if (failure !== undefined) throw new Error(`cannot mark: ${JSON.stringify(failure)}`);
  const errno = gate.store(NOTIFY_SOCKET ?? "", "FDSTORE=1\nFDNAME=kept");
  if (errno !== 0) throw new Error(`cannot store: ${errno}`);
  process.stdout.write("ready\n");
}
// Ends with whoever started it.
process.stdin.on("end", () => process.exit(0)).resume();
