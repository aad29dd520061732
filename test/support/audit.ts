// The kernel's audit subsystem as tests look at it. A machine has one only.
// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import type { TAP } from "tap";
import { AuditClient } from "../../daemon/kernel/audit-client.ts";
import type { AuditStatus } from "../../daemon/kernel/audit-messages.ts";
import { loadBinding } from "../../daemon/kernel/binding.ts";
import { until } from "./until.ts";

const freeWaitMs = 60_000;

/** A client of the test's own: what the kernel says is asked through it. */
export function openAudit(t: Pick<TAP, "teardown">): AuditClient {
  const binding = loadBinding();
  const [error, handle] = binding.auditOpen(1 << 20);
  if (error !== 0) throw new Error(`cannot open an audit socket: errno ${error}`);
  const client = new AuditClient(binding, handle);
  t.teardown(() => {
    client.close();
  });
  return client;
}

export function statusOf(client: AuditClient): AuditStatus {
  const status = client.status();
  if (status === undefined) throw new Error("the kernel does not tell its audit status");
  return status;
}

export function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

/** Waits until nobody owns the audit stream: another daemon may run beside the tests. */
export async function untilFree(client: AuditClient): Promise<void> {
  await until(() => {
    const { pid } = statusOf(client);
    return pid === 0 || !isAlive(pid);
  }, freeWaitMs);
}
