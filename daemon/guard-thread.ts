// The guard thread: builds the pipeline and feeds it. It reads records, decides and answers, and does
// nothing else: no Docker, no files, no sockets. Started by guard.ts as a worker.
// SPDX-License-Identifier: Apache-2.0
import { isMainThread, parentPort, workerData, type MessagePort } from "node:worker_threads";
import { CurrentJudge } from "./current-judge.ts";
import type { GuardWorkerData } from "./draft-channel.ts";
import { EngineLane } from "./engine-lane.ts";
import { ContainerUsers } from "./enrich/container-users.ts";
import { Places } from "./enrich/places.ts";
import { ProcessTree } from "./enrich/process-tree.ts";
import { countsOf, GenerationSwap } from "./generation-swap.ts";
import { AlertWait } from "./guard/alert-wait.ts";
import type { Contents } from "./guard/contents.ts";
import { ExecBudget } from "./guard/exec-budget.ts";
import { DraftSender } from "./guard/draft-sender.ts";
import type { Settlement } from "./guard/settlement.ts";
import {
  BootTime,
  createContents,
  createSettlement,
  hurry,
  monotonicMs,
  portLog,
  readFacts,
} from "./guard-surroundings.ts";
import { loadJudge } from "./judge.ts";
import { LateViews } from "./late-views.ts";
import { loadBinding, type Binding } from "./kernel/binding.ts";
import { gateOf, type AnyGate } from "./kernel/without-gate.ts";
import type { Container } from "./model/container.ts";
import type { Log } from "./model/ports.ts";
import type { AlertDraft, FromGuard, GuardSettings, ToGuard } from "./model/guard-messages.ts";
import { followAudit } from "./kernel/audit-stream.ts";
import type { GuardBounds } from "./pipeline-port.ts";
import { Pipeline } from "./pipeline.ts";
import { decodeRecords } from "./tracer/gate-record.ts";
import { assert, unreachable } from "./util/assert.ts";

const heartbeatMs = 1_000;
const sweepMs = 20;

/** The thread's state and the handling of what it is told. */
class GuardThread {
  readonly #port: MessagePort;
  readonly #log: Log;
  readonly #settings: GuardSettings;
  readonly #judge: CurrentJudge;
  readonly #gate: AnyGate;
  readonly #places = new Places();
  readonly #tree: ProcessTree;
  readonly #users = new ContainerUsers();
  readonly #settlement: Settlement;
  readonly #alertWait = new AlertWait(monotonicMs());
  readonly #pipeline: Pipeline;
  readonly #engineLane: EngineLane;
  readonly #sender: DraftSender;
  readonly #boot = new BootTime();
  readonly #contents: Contents;
  #lastNumber = 0;
  readonly #swap: GenerationSwap;
  readonly #budget: ExecBudget;
  readonly #bounds: GuardBounds;
  readonly #late: LateViews;
  #auditHandle = 0;
  #heartbeat: NodeJS.Timeout | undefined;
  #sweep: NodeJS.Timeout | undefined;

  constructor(port: MessagePort, { settings, drafts }: GuardWorkerData, judge: CurrentJudge) {
    const binding = loadBinding();
    this.#port = port;
    this.#log = portLog(port);
    this.#settings = settings;
    const { deadlineMs, onDeadline, budget } = settings;
    this.#bounds = { deadlineMs, onDeadline, budget };
    this.#budget = new ExecBudget(settings.budget);
    this.#judge = judge;
    this.#gate = gateOf(binding, settings.gateHandle);
    this.#tree = new ProcessTree((pid) => readFacts(binding, pid, this.#boot.ns));
    const post = (message: FromGuard): void => {
      this.#post(message);
    };
    const places = this.#places;
    this.#settlement = createSettlement({ ...settings, gate: this.#gate, places, judge, post });
    this.#sender = new DraftSender((messages) => {
      drafts.postMessage(messages);
    });
    this.#contents = createContents(judge, this.#gate, () => {
      this.#sweepAll();
      this.#endTurn();
    });
    const shared = {
      ...{ judge, places, host: settings.host, monotonicMs, log: this.#log },
      nextNumber: (): number => (this.#lastNumber += 1),
      onDrafts: (made: readonly AlertDraft[]): void => {
        this.#sender.add(made);
      },
    };
    this.#engineLane = new EngineLane(shared);
    this.#pipeline = new Pipeline({
      ...shared,
      ...{ tree: this.#tree, settlement: this.#settlement, contents: this.#contents },
      ...{ sessions: this.#engineLane.sessions, clients: this.#engineLane.clients },
      alertWait: this.#alertWait,
      users: (containerId) => this.#users.of(containerId),
      answer: (record, verdict) => this.#gate.answer(record.ticket, verdict),
      onAllowed: (allowed) => {
        judge.learner.take(allowed);
        this.#late.allowed(allowed);
      },
      boot: this.#boot,
      budget: this.#budget,
      bounds: this.#bounds,
    });
    this.#late = this.#createLate(binding);
    this.#swap = new GenerationSwap(settings, {
      judge,
      settlement: this.#settlement,
      setBounds: (next) => {
        Object.assign(this.#bounds, next);
        this.#budget.configure(next.budget);
      },
      ...{ gate: this.#gate, post, monotonicMs },
      isWaiting: (byMs) => this.#pipeline.isWaiting(byMs),
    });
  }

  start(): void {
    this.#gate.setDefaultMode(this.#judge.canDeny ? "hold" : "observe");
    this.#gate.onRecords((batch) => {
      for (const record of decodeRecords(batch)) this.#pipeline.take(record);
      this.#endTurn();
    });
    this.#heartbeat = setInterval(() => {
      this.#boot.refresh(this.#log);
      this.#pipeline.sweep();
      this.#endTurn();
      this.#post({
        kind: "heartbeat",
        counters: {
          ...this.#pipeline.counters(),
          alertsLost: this.#sender.lost,
          engineEvents: this.#engineLane.counters().taken,
        },
        devices: this.#settlement.devices(),
        contents: this.#contents.counters(),
        budget: this.#budget.counters(),
        ...this.#late.counters(),
      });
    }, heartbeatMs);
  }

  handle(message: ToGuard): void {
    if ("change" in message) this.#swap.take(message);
    else if (message.kind === "witness") this.#setWitness(message);
    else if (message.kind === "engine-answered") this.#alertWait.engineAnswered(monotonicMs());
    else if (message.kind === "asked") this.#engineLane.asked(message.asked);
    else if (message.kind === "image") this.#contents.setImage(message.imageId, message.files);
    else this.#hear(message);
    this.#sweepAll();
    this.#endTurn();
  }

  #hear(
    message: Exclude<
      ToGuard,
      { change: number } | { kind: "witness" | "engine-answered" | "image" | "asked" }
    >,
  ): void {
    switch (message.kind) {
      case "container":
        this.#setContainer(message.container);
        break;
      case "container-removed":
        this.#settlement.reset(message.id);
        this.#places.removeContainer(message.id);
        this.#users.remove(message.id);
        this.#engineLane.clients.removeContainer(message.id);
        break;
      case "superblock":
        this.#places.addRoot(message, message.point);
        this.#settlement.rootAdded(message);
        break;
      case "superblock-gone":
        this.#places.removeRoot(message);
        this.#settlement.rootGone(message);
        break;
      case "covered":
        this.#settlement.covered(message.containerId, message);
        break;
      case "users":
        this.#users.set(message.containerId, message, message.isRead);
        break;
      case "engine-event":
        this.#engineLane.asked(message.asked ?? []);
        this.#engineLane.take(message.facts, message.container);
        break;
      case "unguarded":
        this.#late.find(message.programs);
        break;
      case "taken":
        this.#sender.taken(message.alerts);
        break;
      case "stop":
        clearInterval(this.#heartbeat);
        clearTimeout(this.#sweep);
        this.#port.close();
        break;
      default:
        unreachable(message);
    }
  }

  #sweepAll(): void {
    this.#pipeline.sweep();
    this.#engineLane.sweep();
    this.#late.sweep();
  }

  // Sends what has gathered, and looks again soon where something waits for its time.
  #endTurn(): void {
    if (this.#sender.flush()) this.#post({ kind: "drafts" });
    if (this.#sweep !== undefined) return;
    const isOtherWaiting = this.#engineLane.isWaiting || this.#late.isWaiting;
    if (!isOtherWaiting && !this.#pipeline.isWaiting()) return;
    this.#sweep = setTimeout(() => {
      this.#sweep = undefined;
      this.#sweepAll();
      this.#endTurn();
    }, sweepMs);
  }

  #setContainer(container: Container): void {
    this.#places.setContainer(container);
    if (container.state === "dead") {
      this.#settlement.reset(container.id);
      return;
    }
    this.#settlement.update(container.id);
    // Its first exec was not seen: a static program of a volume, or a storage driver without roots of its own.
    if (container.state === "running" && container.pid !== undefined && container.pid > 0) {
      this.#settlement.begin(container.id, container.pid);
    }
  }

  #setWitness({ handle, devices, memfd }: Extract<ToGuard, { kind: "witness" }>): void {
    this.#late.setWitnessed(devices, memfd);
    if (handle === 0 || this.#auditHandle === handle) return;
    this.#auditHandle = handle;
    followAudit(loadBinding(), handle, (batch) => {
      this.#late.record(batch);
      this.#endTurn();
    });
  }

  #createLate(binding: Binding): LateViews {
    return new LateViews({
      ...{ settings: this.#settings, binding, boot: this.#boot },
      ...{ places: this.#places, tree: this.#tree, contents: this.#contents },
      sessions: this.#engineLane.sessions,
      isEngineAwaited: (nowMs) => this.#alertWait.isEngineAwaited(nowMs),
      users: (id) => this.#users.of(id),
      allowlistsOf: (container) => this.#judge.allowlistsOf(container),
      onFinding: (event, told) => {
        this.#judge.learner.find(event);
        this.#pipeline.takeFinding(event, told);
      },
    });
  }

  #post(message: FromGuard): void {
    this.#port.postMessage(message);
  }
}

function main(port: MessagePort, data: GuardWorkerData): void {
  hurry(portLog(port));
  const { loaded } = loadJudge(data.settings);
  assert(loaded !== undefined, "the main thread has checked these files");
  const judge = new CurrentJudge({ loaded, mode: data.settings.mode }, monotonicMs);
  const thread = new GuardThread(port, data, judge);
  port.on("message", (message: ToGuard) => {
    thread.handle(message);
  });
  thread.start();
  port.postMessage({ kind: "ready", ...countsOf(loaded) } satisfies FromGuard);
}

assert(!isMainThread && parentPort !== null, "guard-thread.ts runs as a worker only");
main(parentPort, workerData as GuardWorkerData);
