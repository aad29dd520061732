// SPDX-License-Identifier: Apache-2.0
import type { Log } from "../model/ports.ts";
import type { AuditClient } from "./audit-client.ts";
import type { AuditSettings, AuditStatus } from "./audit-messages.ts";

/** How we hear of records: as their one owner, beside another owner, or not at all. */
export type AuditRole = "owner" | "listener" | "none";

/** What the ownership is built from. */
export interface OwnershipOptions {
  readonly client: AuditClient;
  /** `process.pid`. */
  readonly pid: number;
  readonly log: Log;
  readonly monotonicMs: () => number;
  /** Whether there is such a process. */
  readonly isAlive: (pid: number) => boolean;
  readonly onProblem: (problem: string, errno: number) => void;
}

/**
 * While we own the stream. The kernel's own 64 records and 60 seconds of waiting for each would freeze whoever
 * executes something as soon as this daemon stands still (kernel/audit.c, audit_log_start); here a record waits for
 * 5 jiffies (5 to 50 ms) at most and is then dropped and counted, and the queue takes some 2,500 execs (about 30 MB).
 */
const ownedBacklogLimit = 16_384;
const ownedBacklogWaitJiffies = 5;
const failurePanic = 2;
const failureSay = 1;
const errnoExists = 17;
/** After another process wanted to own the stream, it may have it for so long before we take it again. */
const giveWayMs = 60_000;

/** Owns the audit stream where nobody does, listens beside whoever does, and never takes it away. */
export class AuditOwnership {
  readonly #options: OwnershipOptions;
  #role: AuditRole = "none";
  #before: AuditStatus | undefined;
  #rivals = 0;
  #giveWayUntilMs = 0;

  constructor(options: OwnershipOptions) {
    this.#options = options;
  }

  get role(): AuditRole {
    return this.#role;
  }

  /** Begins to hear, given the status as it is. */
  start(status: AuditStatus): void {
    // The kernel forgets a dead owner only when it next has a record for it.
    const isFree = status.pid === 0 || !this.#options.isAlive(status.pid);
    if (isFree && this.#own(status)) return;
    this.#listen(status);
  }

  /** Looks whether the stream has another owner by now, or none, or somebody who wants to be. */
  check(status: AuditStatus): void {
    const { client, log, pid, monotonicMs } = this.#options;
    const { rivals } = client.counters();
    if (this.#role === "owner" && rivals > this.#rivals) {
      log.info("another process wants to own the audit stream; giving way to it", {});
      this.#giveWayUntilMs = monotonicMs() + giveWayMs;
      this.stop();
      this.#listen(status);
    } else if (this.#role === "owner" && status.pid !== pid) {
      log.warn("the audit stream has another owner by now", { owner: status.pid });
      this.#role = "none";
      this.#before = undefined;
      this.#listen(status);
    } else if (this.#role === "listener" && status.pid === 0) {
      if (monotonicMs() > this.#giveWayUntilMs) this.#own(status);
    }
    this.#rivals = rivals;
  }

  /** Gives the ownership back, and the settings as they were where nobody has changed ours since. */
  stop(): void {
    const { client } = this.#options;
    const now = this.#role === "owner" ? client.status() : undefined;
    const before = this.#before;
    this.#before = undefined;
    if (this.#role === "listener") client.setMulticast(false);
    const wasOwner = this.#role === "owner";
    this.#role = "none";
    if (!wasOwner) return;
    if (before !== undefined && now !== undefined) client.set(restored(before, now));
    client.setOwner(0);
  }

  #own(status: AuditStatus): boolean {
    const { client, pid, log, onProblem } = this.#options;
    const error = client.setOwner(pid);
    if (error !== 0) {
      // EEXIST: somebody was faster. The kernel lets nobody take the stream from a live owner.
      if (error !== errnoExists) {
        log.warn("cannot own the audit stream; trying to listen to it", { errno: error });
      }
      return false;
    }
    if (this.#role === "listener") client.setMulticast(false);
    this.#role = "owner";
    this.#before = status;
    const settings = wantedSettings(status);
    const refused = client.set(settings);
    if (refused !== 0) onProblem("cannot set the kernel's audit settings", refused);
    log.info("the audit stream had no owner and is ours", {
      backlog_limit: settings.backlogLimit,
      backlog_wait_jiffies: settings.backlogWaitTime,
    });
    return true;
  }

  #listen(status: AuditStatus): void {
    const { client, log, onProblem } = this.#options;
    if (status.failure === failurePanic && status.pid !== 0) {
      onProblem(
        "the kernel panics when its audit queue is full (auditctl -f 2), and our records could fill it",
        0,
      );
      return;
    }
    const error = client.setMulticast(true);
    if (error !== 0) {
      onProblem("cannot listen to audit records: CAP_AUDIT_READ is needed", error);
      return;
    }
    this.#role = "listener";
    log.info("audit records are listened to beside the process that owns them", {
      owner: client.status()?.pid,
    });
  }
}

function wantedSettings(status: AuditStatus): AuditSettings {
  return {
    enabled: 1,
    backlogLimit: Math.max(ownedBacklogLimit, status.backlogLimit),
    backlogWaitTime: ownedBacklogWaitJiffies,
    // A daemon that stands still must not be the reason of a panic.
    ...(status.failure === failurePanic ? { failure: failureSay } : {}),
  };
}

function restored(before: AuditStatus, now: AuditStatus): AuditSettings {
  const ours = wantedSettings(before);
  return {
    ...(now.enabled === 1 && before.enabled === 0 ? { enabled: 0 } : {}),
    ...(now.backlogLimit === ours.backlogLimit ? { backlogLimit: before.backlogLimit } : {}),
    ...(now.backlogWaitTime === ours.backlogWaitTime
      ? { backlogWaitTime: before.backlogWaitTime }
      : {}),
    ...(ours.failure !== undefined && now.failure === ours.failure
      ? { failure: before.failure }
      : {}),
  };
}
