// A process of its own that uses the audit subsystem, for tests of the witness. `own`: becomes the owner, trying until
// it may, and gives it back at the message "release". `witness DEVICE STATE`: a witness of ours with one rule.
// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { createAuditChangesFile } from "../../daemon/host/audit-changes-file.ts";
import { AuditClient } from "../../daemon/kernel/audit-client.ts";
import { followAudit } from "../../daemon/kernel/audit-stream.ts";
import { loadBinding } from "../../daemon/kernel/binding.ts";
import { Witness } from "../../daemon/kernel/witness.ts";
import { createRecordingLog } from "./recording-log.ts";

const [role = "", device = "", directory = ""] = process.argv.slice(2);
const binding = loadBinding();
const deadlineMs = 20_000;

async function own(): Promise<void> {
  const [, handle] = binding.auditOpen(1 << 20);
  const client = new AuditClient(binding, handle);
  const endMs = performance.now() + deadlineMs;
  while (client.setOwner(process.pid) !== 0) {
    if (performance.now() > endMs) throw new Error("cannot become the owner");
    await delay(20);
  }
  client.set({ enabled: 1 });
  followAudit(binding, handle, () => undefined);
  process.on("message", () => {
    client.set({ enabled: 0 });
    client.setOwner(0);
    process.exit(0);
  });
}

function witness(): void {
  const { log } = createRecordingLog();
  const held = new Witness({
    ...{ binding, mode: "full", isMemfdWanted: false, log, machine: process.arch },
    file: createAuditChangesFile({ directory, bootId: "boot", log }),
    ...{
      pid: process.pid,
      monotonicMs: () => performance.now(),
      hostDevices: () => new Set(),
      isAlive: (pid: number) => existsSync(`/proc/${pid}`),
    },
  });
  held.start();
  held.add(Number(device));
  // Keeps the process alive until it is killed.
  process.on("message", () => undefined);
}

if (role === "own") await own();
else witness();
process.send?.("ready");
