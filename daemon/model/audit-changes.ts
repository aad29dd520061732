// SPDX-License-Identifier: Apache-2.0

/** Settings of the kernel's audit subsystem that a witness changes while it owns the stream (auditctl(8)). */
export interface AuditLimits {
  /** 0 off, 1 on. */
  readonly enabled?: number | undefined;
  /** What the kernel does at a loss: 0 nothing, 1 say it, 2 panic. */
  readonly failure?: number | undefined;
  /** Records that may wait in the kernel. */
  readonly backlogLimit?: number | undefined;
  /** Jiffies that one record waits for room. */
  readonly backlogWaitTime?: number | undefined;
}

/** What was there, and what it was changed to. A witness that only listens changes nothing: both are empty. */
export interface AuditChanges {
  readonly before: AuditLimits;
  readonly ours: AuditLimits;
}

/** Where changes are kept until they are undone, so that the daemon after a crash can undo them. Nothing throws. */
export interface AuditChangesFile {
  /** What a daemon of this boot has left; undefined when there is nothing to undo. */
  read(): AuditChanges | undefined;
  write(changes: AuditChanges): void;
  remove(): void;
}
