// What the guard thread reads of its surroundings, and its way to be heard.
// SPDX-License-Identifier: Apache-2.0
import { setPriority } from "node:os";
import type { MessagePort } from "node:worker_threads";
import { startTimeNs } from "./enrich/enrich.ts";
import type { DeviceLife, Places } from "./enrich/places.ts";
import type { ProcessFacts } from "./enrich/process-tree.ts";
import { contentSizeMax, Contents, type ContentQuestion } from "./guard/contents.ts";
import { Settlement } from "./guard/settlement.ts";
import type { LiveJudge } from "./judge.ts";
import type { Binding } from "./kernel/binding.ts";
import type { AnyGate } from "./kernel/without-gate.ts";
import type { Container } from "./model/container.ts";
import type { Host } from "./model/event.ts";
import type { FromGuard } from "./model/guard-messages.ts";
import type { Log } from "./model/ports.ts";
import { SecondSight, type SecondViewOptions } from "./second-view.ts";
import { parseStat, parseStatus } from "./tracer/proc-text.ts";
import { createRunningClock } from "./util/running-clock.ts";

/** Behind the gate's own threads, which have -20. */
const guardNice = -15;
/** Some sweeps of the guard thread, and less than the second view waits for anything. */
const sweepStepMaxMs = 100;

/** CLOCK_MONOTONIC, the clock of the gate's records. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Stands for all devices without a mode of their own (kernel/gate.ts). */
const anyDevice: DeviceLife = { device: 0, generation: 0 };

/** Smaller differences are the wall clock's milliseconds and the time between two readings. */
const bootDriftMaxNs = 50_000_000n;
/** This thread may have to wait for a processor between the two clocks: the quickest reading counts. */
const bootReadings = 5;

function readBootNs(): bigint {
  let best = { tookNs: Infinity, bootNs: 0n };
  for (let reading = 0; reading < bootReadings; reading++) {
    const beforeNs = process.hrtime.bigint();
    const wallNs = BigInt(Date.now()) * 1_000_000n;
    const tookNs = Number(process.hrtime.bigint() - beforeNs);
    if (tookNs < best.tookNs) best = { tookNs, bootNs: wallNs - beforeNs };
  }
  return best.bootNs;
}

/** When CLOCK_MONOTONIC was 0, nanoseconds since the epoch: the wall clock may be set while the daemon runs. */
export class BootTime {
  readonly #readNs: () => bigint;
  #ns: bigint;

  constructor(readNs: () => bigint = readBootNs) {
    this.#readNs = readNs;
    this.#ns = readNs();
  }

  get ns(): bigint {
    return this.#ns;
  }

  /** Looks at the clocks again; what was measured with the old time stays as it is. */
  refresh(log: Pick<Log, "warn">): void {
    const jumpNs = this.#readNs() - this.#ns;
    if (jumpNs <= bootDriftMaxNs && -jumpNs <= bootDriftMaxNs) return;
    this.#ns += jumpNs;
    log.warn("the system's clock was set: times of alerts follow it, durations do not", {
      by_ms: Number(jumpNs / 1_000_000n),
    });
  }
}

/** What /proc tells of a process now; undefined when it is gone. */
export function readFacts(binding: Binding, pid: number, bootNs: bigint): ProcessFacts | undefined {
  const [status, stat, exe, argv] = binding.readProcess(pid).map((text) => text.toString("latin1"));
  const ids = parseStatus(status ?? "");
  const facts = parseStat(stat ?? "");
  if (ids === undefined || facts === undefined) return undefined;
  return {
    ...ids,
    ...facts,
    exepath: exe ?? "",
    argv: argv === undefined || argv === "" ? [] : argv.replace(/\0$/, "").split("\0"),
    startNs: startTimeNs(facts.startTicks, bootNs),
  };
}

/** A log whose lines the main thread writes. */
export function portLog(port: MessagePort): Log {
  const at =
    (level: "debug" | "info" | "warn" | "error"): Log["info"] =>
    (message, fields = {}) => {
      port.postMessage({ kind: "log", level, message, fields } satisfies FromGuard);
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** An exec may be waiting for this thread (setpriority(2) is per thread on Linux, 0 is the caller). */
export function hurry(log: Log): void {
  try {
    setPriority(0, guardNice);
  } catch (error) {
    log.warn("cannot raise the priority of decisions: LimitNICE=-20 or CAP_SYS_NICE allows it", {
      error: error instanceof Error ? error.message : String(error),
    });
  }
}

/** What decides whether a container is observed or held, and sets that on the gate. */
export function createSettlement(parts: {
  readonly gate: AnyGate;
  readonly places: Places;
  readonly judge: LiveJudge;
  readonly host: Host;
  readonly post: (message: FromGuard) => void;
}): Settlement {
  const { gate, places, judge, host, post } = parts;
  // What an image ships is known without its bytes (contents.ts), unless rules ask for digests.
  const keptFrom = ({ device, generation }: DeviceLife): bigint | undefined => {
    const owner = generation === 0 ? undefined : places.ownerOf(device);
    const container = owner === undefined ? undefined : places.container(owner);
    const question = container === undefined ? judge.widestQuestion : judge.questionOf(container);
    if (question === "nothing") return undefined;
    return question === "digest" ? 0n : (container?.createdNs ?? 0n);
  };
  return new Settlement({
    setMode: (life, mode) => {
      gate.setMode(life.device, mode, life.generation);
      gate.keepFiles(life, keptFrom(life));
    },
    setDefaultMode: (mode) => {
      gate.setDefaultMode(mode);
      gate.keepFiles(anyDevice, keptFrom(anyDevice));
    },
    requestCoverage: (containerId, pid) => {
      post({ kind: "cover", containerId, pid });
    },
    setDevices: (containerId, devices) => {
      places.setDevices(containerId, devices);
    },
    rootsOf: (containerId) => places.rootsOf(containerId),
    canDeny: () => judge.canDeny,
    couldDeny: (containerId) => {
      const container = places.container(containerId);
      if (container === undefined) return judge.canDeny;
      return judge.couldDeny({ host, container, allowlists: judge.allowlistsOf(container) });
    },
  });
}

/** The contents of files, which the gate reads of what it holds or keeps. */
export function createContents(
  judge: { questionOf(container: Container): ContentQuestion },
  gate: AnyGate,
  onKnown: () => void,
): Contents {
  return new Contents({
    question: (container) => judge.questionOf(container),
    digest: ({ ticket, file: { ctimeNs } }, onDigest) =>
      gate.digest(ticket, { sizeMax: contentSizeMax, ctimeNs }, onDigest),
    forget: ({ ticket }) => {
      gate.forgetFile(ticket);
    },
    monotonicMs,
    onKnown,
  });
}

/** The second view, which reads processes through the addon; none when nothing is witnessed. */
export function createSecondSight(
  mode: "gaps" | "full" | undefined,
  parts: Omit<
    SecondViewOptions,
    "mode" | "monotonicMs" | "readProcess" | "readCgroup" | "readArguments" | "bootNs"
  > & { readonly binding: Binding; readonly boot: BootTime },
): SecondSight | undefined {
  if (mode === undefined) return undefined;
  const { binding, boot, ...options } = parts;
  return new SecondSight({
    ...options,
    get bootNs() {
      return boot.ns;
    },
    mode,
    // What audit has told while this process stood still is read after the timers that were due.
    monotonicMs: createRunningClock(monotonicMs, sweepStepMaxMs),
    readProcess: (pid) => readFacts(binding, pid, boot.ns),
    readCgroup: (pid) => binding.readCgroup(pid).toString("latin1"),
    readArguments: (pid) => {
      const [stat, argv] = binding.readArguments(pid);
      return { stat: stat.toString("latin1"), argv: argv.toString("latin1") };
    },
  });
}
