// SPDX-License-Identifier: Apache-2.0
import type { AuditChanges, AuditChangesFile, AuditLimits } from "../model/audit-changes.ts";
import type { Log } from "../model/ports.ts";
import { AuditClient, type AuditBinding } from "./audit-client.ts";
import type { AuditSettings, AuditStatus } from "./audit-messages.ts";

/** Nothing was changed; that rules of ours may be there is said by the file itself. */
export const nothingChanged: AuditChanges = { before: {}, ours: {} };

/**
 * While we own the stream. The kernel's own 64 records and 60 seconds of waiting for each would freeze whoever
 * executes something as soon as this daemon stands still (kernel/audit.c, audit_log_start); here a record waits for
 * 5 jiffies (5 to 50 ms) at most and is then dropped and counted, and the queue takes some 2,500 execs (about 30 MB).
 */
const ownedBacklogLimit = 16_384;
const ownedBacklogWaitJiffies = 5;
const failurePanic = 2;
const failureSay = 1;
/** No records are read. */
const smallBufferBytes = 64 << 10;
const names = ["enabled", "failure", "backlogLimit", "backlogWaitTime"] as const;

/** What an owner of the stream changes, given the settings as they are. */
export function ownersChanges(status: AuditStatus): AuditChanges {
  const { enabled, failure, backlogLimit, backlogWaitTime } = status;
  // A daemon that stands still must not be the reason of a panic.
  const isPanic = failure === failurePanic;
  return {
    before: { enabled, backlogLimit, backlogWaitTime, ...(isPanic ? { failure } : {}) },
    ours: {
      enabled: 1,
      backlogLimit: Math.max(ownedBacklogLimit, backlogLimit),
      backlogWaitTime: ownedBacklogWaitJiffies,
      ...(isPanic ? { failure: failureSay } : {}),
    },
  };
}

/**
 * The settings that undo changes, where nobody has changed ours since. `hasOwner`: another process owns the stream; it
 * wants audit switched on.
 */
export function undoing(
  { before, ours }: AuditChanges,
  now: AuditStatus,
  hasOwner: boolean,
): AuditSettings {
  const settings: { -readonly [Name in keyof AuditLimits]: number } = {};
  for (const name of names) {
    const was = before[name];
    if (was === undefined || was === ours[name] || now[name] !== ours[name]) continue;
    if (name === "enabled" && hasOwner) continue;
    settings[name] = was;
  }
  return settings;
}

/** The kernel forgets a dead owner only when it next has a record for it. */
export function hasLiveOwner({ pid }: AuditStatus, isAlive: (pid: number) => boolean): boolean {
  return pid !== 0 && isAlive(pid);
}

/** What traces are cleared with. */
export interface Clearing {
  readonly client: AuditClient;
  readonly status: AuditStatus;
  readonly file: AuditChangesFile;
  /** Whether there is a process with this id. */
  readonly isAlive: (pid: number) => boolean;
  readonly log: Log;
}

/** Removes the rules and undoes the settings that a daemon of this boot has left when it was killed. */
export function clearTraces({ client, status, file, isAlive, log }: Clearing): void {
  const rules = client.ourRules() ?? [];
  for (const rule of rules) client.deleteRule(rule);
  if (rules.length > 0) {
    log.info("removed audit rules that an earlier run had left", { rules: rules.length });
  }
  const changes = file.read();
  if (changes === undefined) return;
  const settings = undoing(changes, status, hasLiveOwner(status, isAlive));
  const errno = client.set(settings);
  if (errno !== 0) {
    log.warn("cannot undo the audit settings that an earlier run had left; see auditctl -s", {
      errno,
      ...settings,
    });
    return;
  }
  if (Object.keys(settings).length > 0) {
    log.info("undid the audit settings that an earlier run had left", { ...settings });
  }
  file.remove();
}

/** The same without a witness: it has been switched off since. Opens audit only where something was left. */
export function clearLeftTraces(
  binding: AuditBinding,
  { file, isAlive, log }: Pick<Clearing, "file" | "isAlive" | "log">,
): void {
  if (file.read() === undefined) return;
  const [error, handle] = binding.auditOpen(smallBufferBytes);
  if (error !== 0) return;
  const client = new AuditClient(binding, handle);
  const status = client.status();
  if (status !== undefined) clearTraces({ client, status, file, isAlive, log });
  client.close();
}
