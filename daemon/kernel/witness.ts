// SPDX-License-Identifier: Apache-2.0
import type { AuditChangesFile } from "../model/audit-changes.ts";
import type { Log } from "../model/ports.ts";
import type { WitnessStatus } from "../model/status.ts";
import { AuditClient, type AuditBinding } from "./audit-client.ts";
import { encodeRule, type AuditStatus } from "./audit-messages.ts";
import { AuditOwnership } from "./audit-ownership.ts";
import { clearTraces, nothingChanged } from "./audit-traces.ts";
import { deviceNumber, deviceText } from "./gate.ts";

/** What the witness is built from. */
export interface WitnessOptions {
  readonly binding: AuditBinding;
  /** `gaps`: what the gate cannot see. `full`: every exec of every container. */
  readonly mode: "gaps" | "full";
  /** Whether programs run from memory are recorded. */
  readonly isMemfdWanted: boolean;
  /** Where it is kept what is changed of audit. */
  readonly file: AuditChangesFile;
  readonly log: Log;
  /** `process.arch` and `process.pid`. */
  readonly machine: string;
  readonly pid: number;
  readonly monotonicMs: () => number;
  /** Whether there is a process with this id. */
  readonly isAlive: (pid: number) => boolean;
  /** Devices of the host's own mounts. */
  readonly hostDevices: () => ReadonlySet<number>;
  /** How often owner, losses and rules are looked at. */
  readonly checkMs?: number;
}

/** Audit records on their way to the guard thread: about 8,000 execs of usual size. */
const handOverBytes = 16 << 20;
const lockedEnabled = 2;
const checkEveryMs = 2_000;
const rulesMax = 4_096;
const errnoExists = 17;
const noCounters = { records: 0, foreign: 0, lost: 0, overruns: 0 };

/**
 * The second view of execs: the kernel's audit records, limited by device. Lives in the main thread; the records go
 * to the guard thread by `handle`. Not being able to is said, and is no reason not to guard.
 */
export class Witness {
  readonly #options: WitnessOptions;
  #client: AuditClient | undefined;
  #ownership: AuditOwnership | undefined;
  #last: AuditStatus | undefined;
  #lostBefore = 0;
  #problem: string | undefined;
  #rulesFailed = 0;
  /** Messages of the rules that are set, by device. */
  readonly #rules = new Map<number, readonly Buffer[]>();
  #memfd: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WitnessOptions) {
    this.#options = options;
  }

  /** Opens the client, removes what a predecessor left, and sets the rule for programs in memory. */
  start(): void {
    const { binding, file, log, pid, monotonicMs, isAlive } = this.#options;
    const [error, handle] = binding.auditOpen(handOverBytes);
    if (error !== 0) {
      this.#fail("cannot open an audit socket in this name space or kernel", error);
      return;
    }
    const client = new AuditClient(binding, handle);
    this.#client = client;
    const status = client.status();
    if (status === undefined) {
      this.#fail("cannot ask the kernel for its audit status: CAP_AUDIT_CONTROL is needed", 0);
      return;
    }
    this.#last = status;
    this.#lostBefore = status.lost;
    if (status.enabled === lockedEnabled) {
      this.#fail("the audit rules are locked (auditctl -e 2) until the next boot", 0);
      return;
    }
    clearTraces({ client, status, file, isAlive, log });
    // From here on there may be rules of ours.
    if (file.read() === undefined) file.write(nothingChanged);
    const onProblem = (problem: string, errno: number): void => {
      this.#fail(problem, errno);
    };
    const ownership = { client, pid, file, log, monotonicMs, isAlive, onProblem };
    this.#ownership = new AuditOwnership(ownership);
    this.#ownership.start(client.status() ?? status);
    this.#last = client.status() ?? status;
    if (this.#options.isMemfdWanted) this.#witnessMemfd();
    this.#timer = setInterval(() => {
      this.#check();
    }, this.#options.checkMs ?? checkEveryMs);
    this.#timer.unref();
  }

  /** Handle of the stream of records; 0 when there is none. */
  get handle(): number {
    return this.#client?.handle ?? 0;
  }

  /** The device of programs in memory; undefined when they are not recorded. */
  get memfd(): number | undefined {
    return this.#memfd;
  }

  /** Whether every exec of every container is wanted. */
  get isFull(): boolean {
    return this.#options.mode === "full";
  }

  /** Records execs of files on this superblock from now on. Returns whether they will be. */
  add(device: number): boolean {
    const client = this.#client;
    if (client === undefined || (this.#ownership?.role ?? "none") === "none") return false;
    if (this.#rules.has(device)) return true;
    if (this.#rules.size >= rulesMax) {
      this.#rulesFailed += 1;
      return false;
    }
    const set = (["b64", "b32"] as const).flatMap((arch) => {
      const rule = encodeRule({ device, arch }, this.#options.machine);
      if (rule === undefined) return [];
      const error = client.addRule(rule);
      // There already: a rule of just this form with our key can only be ours.
      if (error === 0 || error === errnoExists) return [rule];
      // A kernel without 32-bit calls refuses the twin.
      if (arch === "b64") this.#ruleFailed(device, error);
      return [];
    });
    if (set.length > 0) this.#rules.set(device, set);
    return set.length > 0;
  }

  /** Ends that. */
  remove(device: number): void {
    for (const rule of this.#rules.get(device) ?? []) this.#client?.deleteRule(rule);
    this.#rules.delete(device);
  }

  /** Removes every rule, gives the stream back with the settings it had, and closes. */
  stop(): void {
    clearInterval(this.#timer);
    const client = this.#client;
    if (client === undefined) return;
    this.#removeOurRules(client);
    this.#rules.clear();
    this.#ownership?.stop();
    if (this.#ownership?.hasUndone === true) this.#options.file.remove();
    client.close();
    this.#client = undefined;
  }

  status(): WitnessStatus {
    const { records, foreign, lost, overruns } = this.#client?.counters() ?? noCounters;
    return {
      mode: this.#options.mode,
      role: this.#ownership?.role ?? "none",
      ...(this.#last === undefined ? {} : { ownerPid: this.#last.pid }),
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
      rules: this.#ruleCount(),
      rulesFailed: this.#rulesFailed,
      ...{ records, foreign, lost, overruns },
      kernelLost: this.#kernelLost(),
    };
  }

  // The kernel's counter can be set back to nothing by anybody (auditctl --reset-lost).
  #kernelLost(): number {
    return this.#last === undefined ? 0 : Math.max(0, this.#last.lost - this.#lostBefore);
  }

  #ruleCount(): number {
    let count = 0;
    for (const rules of this.#rules.values()) count += rules.length;
    return count;
  }

  #witnessMemfd(): void {
    const [major, minor] = this.#options.binding.memfdDevice();
    if (major === undefined || minor === undefined) return;
    // The kernel compares st_dev and st_rdev, and a plain file's rdev is 0:0, so `devmajor=0` always holds.
    const alike = [...this.#options.hostDevices()].filter(
      (device) => device % 0x100000 === minor && device >= 0x100000,
    );
    if (alike.length > 0) {
      this.#options.log.warn(
        "the audit rule for programs in memory records execs of the host too, which makes them dearer: a disk has the same minor number; `witness: { memfd: false }` leaves the rule out",
        { memfd: `${major}:${minor}`, disks: alike.map(deviceText).join(" ") },
      );
    }
    const device = deviceNumber(major, minor);
    if (this.add(device)) this.#memfd = device;
  }

  // Looks after owner, losses and rules: auditd's augenrules begins by deleting all rules, ours too.
  #check(): void {
    const client = this.#client;
    const status = client?.status();
    if (client === undefined || status === undefined) return;
    this.#last = status;
    this.#ownership?.check(status);
    this.#restoreRules(client);
  }

  #restoreRules(client: AuditClient): void {
    const found = client.ourRules()?.length;
    const wanted = this.#ruleCount();
    if (found === undefined || found >= wanted) return;
    this.#options.log.warn("somebody deleted audit rules of ours; they are set again", {
      wanted,
      found,
    });
    const devices = [...this.#rules.keys()];
    this.#rules.clear();
    for (const device of devices) this.add(device);
  }

  #removeOurRules(client: AuditClient): number {
    const rules = client.ourRules() ?? [];
    for (const rule of rules) client.deleteRule(rule);
    return rules.length;
  }

  #ruleFailed(device: number, errno: number): void {
    this.#rulesFailed += 1;
    this.#options.log.warn("cannot set an audit rule: execs there have one view only", {
      device: deviceText(device),
      errno,
    });
  }

  #fail(problem: string, errno: number): void {
    if (this.#problem === problem) return;
    this.#problem = problem;
    this.#options.log.error("the witness does not see", { problem, errno });
  }
}
