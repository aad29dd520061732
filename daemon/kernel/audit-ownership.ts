// SPDX-License-Identifier: Apache-2.0
import type { AuditChanges, AuditChangesFile } from "../model/audit-changes.ts";
import type { Log } from "../model/ports.ts";
import type { AuditClient } from "./audit-client.ts";
import type { AuditStatus } from "./audit-messages.ts";
import { hasLiveOwner, nothingChanged, ownersChanges, undoing } from "./audit-traces.ts";

/** How we hear of records: as their one owner, beside another owner, or not at all. */
export type AuditRole = "owner" | "listener" | "none";

/** What the ownership is built from. */
export interface OwnershipOptions {
  readonly client: AuditClient;
  /** `process.pid`. */
  readonly pid: number;
  /** Where it is kept what we change, for the daemon after a crash. */
  readonly file: AuditChangesFile;
  readonly log: Log;
  readonly monotonicMs: () => number;
  /** Whether there is such a process. */
  readonly isAlive: (pid: number) => boolean;
  readonly onProblem: (problem: string, errno: number) => void;
}

const failurePanic = 2;
const errnoExists = 17;
/** After another process wanted to own the stream, it may have it for so long before we take it again. */
const giveWayMs = 60_000;

/** Owns the audit stream where nobody does, listens beside whoever does, and never takes it away. */
export class AuditOwnership {
  readonly #options: OwnershipOptions;
  #role: AuditRole = "none";
  #changes: AuditChanges = nothingChanged;
  #rivals = 0;
  #giveWayUntilMs = 0;

  constructor(options: OwnershipOptions) {
    this.#options = options;
  }

  get role(): AuditRole {
    return this.#role;
  }

  /** Whether the kernel's settings are no longer ours. */
  get hasUndone(): boolean {
    return this.#changes === nothingChanged;
  }

  /** Begins to hear, given the status as it is. */
  start(status: AuditStatus): void {
    if (!hasLiveOwner(status, this.#options.isAlive) && this.#own(status)) return;
    this.#listen(status);
  }

  /** Looks whether the stream has another owner by now, or none, or somebody who wants to be. */
  check(status: AuditStatus): void {
    const { client, log, pid, monotonicMs } = this.#options;
    const { rivals } = client.counters();
    if (this.#role === "owner" && rivals > this.#rivals) {
      this.#giveWayUntilMs = monotonicMs() + giveWayMs;
      this.stop();
      log.info("another process wants to own the audit stream; gave way to it", {});
      this.#listen(status);
    } else if (this.#role === "owner" && status.pid !== pid) {
      log.warn("the audit stream has another owner by now", { owner: status.pid });
      this.#role = "none";
      this.#undo(status, true);
      this.#listen(status);
    } else if (this.#role === "listener" && status.pid === 0) {
      if (monotonicMs() > this.#giveWayUntilMs) this.#own(status);
    }
    this.#rivals = rivals;
  }

  /** Gives the ownership back, and the settings as they were where nobody has changed ours since. */
  stop(): void {
    const { client } = this.#options;
    const role = this.#role;
    this.#role = "none";
    if (role === "listener") client.setMulticast(false);
    if (role !== "owner") return;
    const now = client.status();
    if (now !== undefined) this.#undo(now, false);
    client.setOwner(0);
  }

  #undo(now: AuditStatus, hasOwner: boolean): void {
    const { client, file, log } = this.#options;
    const settings = undoing(this.#changes, now, hasOwner);
    const errno = client.set(settings);
    // What is kept goes on to say what was there before us.
    if (errno !== 0) {
      log.warn("cannot undo our audit settings; see auditctl -s", { errno, ...settings });
      return;
    }
    this.#changes = nothingChanged;
    file.write(nothingChanged);
  }

  #own(status: AuditStatus): boolean {
    const { client, pid, file, log, onProblem } = this.#options;
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
    this.#changes = ownersChanges(status);
    const { ours } = this.#changes;
    // Before the change: it may be the last thing that this process does.
    file.write(this.#changes);
    const refused = client.set(ours);
    if (refused !== 0) onProblem("cannot set the kernel's audit settings", refused);
    log.info("the audit stream had no owner and is ours", {
      backlog_limit: ours.backlogLimit,
      backlog_wait_jiffies: ours.backlogWaitTime,
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
