// The second view of execs, in the guard thread: audit records and a look at the command line, joined with what the
// gate judged. What it finds is an event of its own; it never delays an answer or an alert.
// SPDX-License-Identifier: Apache-2.0
import {
  callOf,
  fileOfAudit,
  holderOf,
  processOfAudit,
  viewOf,
  withArgv,
  type AuditHolder,
} from "./audit-facts.ts";
import type { Places } from "./enrich/places.ts";
import { nameUsers, type MutableProcess } from "./enrich/enrich.ts";
import type { ProcessFacts, ProcessTree } from "./enrich/process-tree.ts";
import type { UserDirectory } from "./enrich/users.ts";
import { ProcessContainers } from "./guard/process-containers.ts";
import type { Container } from "./model/container.ts";
import type { ExecEvent, Host, SecondView } from "./model/event.ts";
import type { SecondViewCounters } from "./model/guard-messages.ts";
import type { AllowedExec } from "./pipeline-port.ts";
import { ArgvCheck } from "./tracer/argv-check.ts";
import { AuditAssembler } from "./tracer/audit-assembler.ts";
import type { AuditExec } from "./tracer/audit-exec.ts";
import { decodeAuditRecords } from "./tracer/audit-record.ts";
import { Join, type Joined } from "./tracer/join.ts";
import type { ByteString } from "./util/byte-string.ts";

/** What the second view is built from. */
export interface SecondViewOptions {
  readonly mode: "gaps" | "full";
  /** There is no gate: audit alone tells of execs, and nobody else is waited for. */
  readonly isAlone: boolean;
  readonly places: Places;
  readonly tree: ProcessTree;
  readonly host: Host;
  readonly bootNs: bigint;
  readonly monotonicMs: () => number;
  /** Who is who in a container; undefined until its files were read. */
  readonly users: (containerId: string) => UserDirectory | undefined;
  readonly allowlistsOf: (container: Container | undefined) => ReadonlySet<string>;
  /** Takes a finding, and the rules that have been told for its exec. */
  readonly onFinding: (event: ExecEvent, told: ReadonlySet<string>) => void;
  /** What /proc tells of a process now. */
  readonly readProcess: (pid: number) => ProcessFacts | undefined;
  readonly readCgroup: (pid: number) => ByteString;
  readonly readArguments: (pid: number) => { readonly stat: ByteString; readonly argv: ByteString };
}

interface Subject {
  readonly event: ExecEvent;
  readonly told: ReadonlySet<string>;
}

/** An exec that audit alone has told of. */
interface Found extends Omit<AuditHolder, "facts"> {
  readonly audit: AuditExec;
  readonly process: MutableProcess;
  readonly view: SecondView;
  readonly told: ReadonlySet<string>;
  readonly untilMs: number;
}

/** As long as an observed exec waits for the engine's word (pipeline.ts), and a little longer. */
const containerWaitMs = 3_000;
const unownedMax = 1_024;
/** Without a gate there is no other view to wait for. */
const noWaiting = { waitingMax: 0, patienceMs: 0 };
const nothingTold: ReadonlySet<string> = new Set();
const runcClone = "/memfd:runc_cloned:";

/** Joins the views. Everything it keeps is bounded, and everything it drops is counted. */
export class SecondSight {
  readonly #options: SecondViewOptions;
  readonly #assembler = new AuditAssembler();
  readonly #join: Join<Subject>;
  readonly #check: ArgvCheck<Subject>;
  /** Superblocks of which audit records every exec. */
  readonly #witnessed = new Set<number>();
  readonly #containers = new ProcessContainers();
  readonly #unseen: "no_gate" | "gate_missed";
  #memfd: number | undefined;
  #unowned: readonly Found[] = [];
  #hostExecs = 0;
  #unread = 0;

  constructor(options: SecondViewOptions) {
    this.#options = options;
    this.#check = new ArgvCheck(options.readArguments);
    this.#unseen = options.isAlone ? "no_gate" : "gate_missed";
    this.#join = new Join(() => this.#memfd, options.isAlone ? noWaiting : undefined);
  }

  /** Which superblocks audit records every exec of from now on, and where programs in memory are. */
  setWitnessed(devices: readonly number[], memfd: number | undefined): void {
    this.#memfd = memfd;
    this.#witnessed.clear();
    for (const device of devices) this.#witnessed.add(device);
  }

  /** The gate has judged and allowed an exec. */
  allowed({ traced, event, told }: AllowedExec): void {
    const { record, role } = traced;
    const { process, container } = event;
    if (container !== undefined) this.#containers.remember(process, container.id);
    const isScript = record.head.startsWith("#!");
    const subject = { event, told };
    if (role !== "program") {
      // The same call goes on; an interpreter is what the process will be.
      this.#check.update(process.pid, subject);
      this.#join.update(process.pid, subject);
      return;
    }
    if (this.#options.mode === "gaps") {
      if (!record.isArgvKnown) return;
      const { argv, stat } = record;
      const timeMs = Number(record.timeNs / 1_000_000n);
      const exec = { pid: process.pid, timeMs, stat, argv, isScript, subject };
      this.#check.add(exec, this.#now());
      return;
    }
    if (!this.#witnessed.has(record.file.device)) return;
    const call = {
      pid: process.pid,
      call: record.syscall < 0 ? "" : callOf(record.call),
      timeMs: Number(record.timeNs / 1_000_000n),
      ...(record.isArgvKnown ? { argv: record.argv } : {}),
      ...{ isScript, subject },
    };
    this.#take(this.#join.judged(call, this.#now()));
  }

  /** Takes a batch of audit records. */
  take(batch: Buffer): void {
    const { records, unread } = decodeAuditRecords(batch);
    this.#unread += unread;
    for (const record of records) {
      const exec = this.#assembler.add(record, this.#now());
      if (exec !== undefined) this.#recorded(exec);
    }
  }

  /** Time has passed: looks at what is due. */
  sweep(): void {
    const now = this.#now();
    this.#retryUnowned(now);
    for (const exec of this.#assembler.sweep(now)) this.#recorded(exec);
    for (const joined of this.#join.sweep(now)) this.#take(joined);
    for (const { verdict, argv, subject } of this.#check.turn(now)) {
      const { event, told } = subject;
      const finding = `argv_${verdict}` as const;
      const judgedArgv = event.process.argv;
      const second = { finding, by: "cmdline", isGateSeen: true, errno: 0, judgedArgv } as const;
      this.#find({ ...withArgv(event, argv), second }, told);
    }
  }

  /** Whether anything waits for its time: `sweep` is needed then. */
  get isWaiting(): boolean {
    const waiting = this.#check.waiting + this.#join.waiting + this.#assembler.size;
    return waiting + this.#unowned.length > 0;
  }

  counters(): SecondViewCounters {
    return {
      argvCheck: { ...this.#check.counters(), waiting: this.#check.waiting },
      join: { ...this.#join.counters(), waiting: this.#join.waiting + this.#unowned.length },
      assembler: { ...this.#assembler.counters() },
      hostExecs: this.#hostExecs,
      unread: this.#unread,
    };
  }

  #recorded(exec: AuditExec): void {
    const isWanted = exec.files.some(({ device }) => this.#isWanted(device));
    // The host's own, by a rule of the operator's or on a disk with a like number.
    if (!isWanted) {
      this.#hostExecs += 1;
      return;
    }
    if (exec.errno === 0) this.#check.executed(exec);
    this.#take(this.#join.recorded(exec, this.#now()));
  }

  #isWanted(device: number): boolean {
    return device === this.#memfd || this.#witnessed.has(device);
  }

  #take(joined: Joined<Subject> | undefined): void {
    switch (joined?.kind) {
      case undefined:
      case "agreed":
        return;
      case "audit-missed": {
        const { event, told } = joined.judged.subject;
        this.#find({ ...event, second: { ...viewOf("audit_missed"), isGateSeen: true } }, told);
        return;
      }
      case "failed": {
        const { event, told } = joined.judged.subject;
        const errno = joined.audit.errno;
        this.#find({ ...event, second: { ...viewOf("failed"), isGateSeen: true, errno } }, told);
        return;
      }
      case "argv-changed": {
        const { event, told } = joined.judged.subject;
        const second = {
          ...{ ...viewOf("argv_changed"), isGateSeen: true, judgedArgv: event.process.argv },
        };
        this.#find({ ...withArgv(event, joined.audit.argv ?? []), second }, told);
        return;
      }
      case "memfd":
        this.#findRecorded(joined.audit, "memfd", joined.judged?.subject.told);
        return;
      case "gate-missed":
        this.#findRecorded(joined.audit, this.#unseen, undefined);
    }
  }

  // What /proc tells is read now; whose it is may become known a little later, with the gate's own event.
  #findRecorded(
    audit: AuditExec,
    finding: "memfd" | "gate_missed" | "no_gate",
    told: ReadonlySet<string> | undefined,
  ): void {
    const { tree, bootNs } = this.#options;
    const { facts, ...owners } = holderOf(audit, this.#options);
    const parent = tree.parent({ pid: audit.ppid });
    const found: Found = {
      ...{ audit, ...owners },
      process: processOfAudit(audit, { facts, parent, bootNs }),
      view: { ...viewOf(finding), isGateSeen: told !== undefined },
      told: told ?? nothingTold,
      untilMs: this.#now() + containerWaitMs,
    };
    if (this.#findOwned(found)) return;
    if (this.#unowned.length < unownedMax) this.#unowned = [...this.#unowned, found];
    else this.#hostExecs += 1;
  }

  #retryUnowned(now: number): void {
    const waiting = this.#unowned.filter((found) => !this.#findOwned(found));
    this.#unowned = waiting.filter(({ untilMs }) => untilMs > now);
    this.#hostExecs += waiting.length - this.#unowned.length;
  }

  // False while nobody knows the container.
  #findOwned(found: Found): boolean {
    const { audit, process, view, told } = found;
    const { places, host, allowlistsOf, tree, users } = this.#options;
    const id = this.#containerOf(found);
    const container = id === undefined ? undefined : places.container(id);
    if (id === undefined || container?.isComplete !== true) return false;
    const directory = users(id);
    if (directory !== undefined) nameUsers(process, directory);
    this.#containers.remember(process, id);
    tree.add(process);
    this.#find(
      {
        kind: "exec",
        number: 0,
        timeNs: BigInt(audit.timeMs) * 1_000_000n,
        syscall: audit.syscall,
        tid: audit.pid,
        process,
        file: fileOfAudit(audit),
        ...{ container, host, allowlists: allowlistsOf(container) },
        isArgvKnown: audit.argv !== undefined,
        second: view,
      },
      told,
    );
    return true;
  }

  #find(event: Omit<ExecEvent, "isHeld">, told: ReadonlySet<string>): void {
    this.#options.onFinding({ ...event, isHeld: false }, told);
  }

  // By the root's device, by what the gate has seen of the process or its parent, by the control group.
  #containerOf({ audit: { files, exe }, keys, cgroupIds }: Found): string | undefined {
    const { places } = this.#options;
    const [file] = files;
    const owner = file === undefined ? undefined : places.ownerOf(file.device);
    if (owner !== undefined) return owner;
    const known = keys.map((key) => this.#containers.of(key)).find((id) => id !== undefined);
    if (known !== undefined) return known;
    // runc runs a copy of itself before it becomes the container's first program.
    if (exe.startsWith(runcClone)) return undefined;
    return cgroupIds.find((id) => places.container(id) !== undefined);
  }

  #now(): number {
    return this.#options.monotonicMs();
  }
}
