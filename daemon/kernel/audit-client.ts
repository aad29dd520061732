// SPDX-License-Identifier: Apache-2.0
import {
  auditMessage,
  decodeStatus,
  encodeSettings,
  isOurRule,
  type AuditSettings,
  type AuditStatus,
} from "./audit-messages.ts";
import type { Binding } from "./binding.ts";

/** The addon's functions that audit needs. */
export type AuditBinding = Pick<
  Binding,
  | "auditOpen"
  | "auditClose"
  | "auditRequest"
  | "auditSetOwner"
  | "auditSetMulticast"
  | "auditCounters"
  | "memfdDevice"
>;

/** Counters of the native client, since it was opened. */
export interface AuditNativeCounters {
  readonly records: number;
  readonly foreign: number;
  readonly lost: number;
  readonly overruns: number;
  readonly rivals: number;
}

const nothing = Buffer.alloc(0);

/** The kernel's audit subsystem by netlink. Errors are errno numbers, 0 for none; nothing throws. */
export class AuditClient {
  readonly #binding: AuditBinding;
  /** For the thread that takes the records. */
  readonly handle: number;

  constructor(binding: AuditBinding, handle: number) {
    this.#binding = binding;
    this.handle = handle;
  }

  /** The status; undefined when the kernel does not tell. */
  status(): AuditStatus | undefined {
    const { error, replies } = this.#request(auditMessage.get, nothing);
    const [payload] = replies;
    return error !== 0 || payload === undefined ? undefined : decodeStatus(payload);
  }

  set(settings: AuditSettings): number {
    if (Object.keys(settings).length === 0) return 0;
    return this.#request(auditMessage.set, encodeSettings(settings)).error;
  }

  /** Becomes the owner as process `pid`, or with 0 ceases to be. EEXIST (17): there is a live one. */
  setOwner(pid: number): number {
    return this.#binding.auditSetOwner(this.handle, encodeSettings({ pid }));
  }

  setMulticast(isMember: boolean): number {
    return this.#binding.auditSetMulticast(this.handle, isMember);
  }

  addRule(rule: Buffer): number {
    return this.#request(auditMessage.addRule, rule).error;
  }

  deleteRule(rule: Buffer): number {
    return this.#request(auditMessage.deleteRule, rule).error;
  }

  /** The rules in force that carry our key; undefined when the kernel does not tell. */
  ourRules(): readonly Buffer[] | undefined {
    const { error, replies } = this.#request(auditMessage.listRules, nothing);
    return error === 0 ? replies.filter(isOurRule) : undefined;
  }

  counters(): AuditNativeCounters {
    const [records = 0, foreign = 0, lost = 0, overruns = 0, rivals = 0] =
      this.#binding.auditCounters(this.handle);
    return { records, foreign, lost, overruns, rivals };
  }

  close(): void {
    this.#binding.auditClose(this.handle);
  }

  #request(type: number, payload: Buffer): { error: number; replies: readonly Buffer[] } {
    const [error, ...rest] = this.#binding.auditRequest(this.handle, type, payload);
    return { error, replies: rest.filter((part): part is Buffer => part instanceof Buffer) };
  }
}
