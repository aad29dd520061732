// Reloads: reads and checks everything aside, has the guard thread build it, and puts it in force as one numbered
// generation; or keeps the one there is and says why.
// SPDX-License-Identifier: Apache-2.0
import type { Config } from "./config/config.ts";
import { compareConfigs, reloadable } from "./config/reload.ts";
import { runInSlices } from "./guard/slices.ts";
import { splitJudgeSources, type JudgeSources } from "./judge.ts";
import type { GenerationInfo, ReloadFault, ReloadReport } from "./model/generation.ts";
import type { GenerationSettings } from "./model/guard-messages.ts";
import type { Clock, Log } from "./model/ports.ts";
import type { Settings, SettingsResult } from "./settings.ts";
import { hasErrors, type Diagnostic } from "./text/diagnostic.ts";
import { diagnosticsToJson, renderDiagnostics } from "./text/render.ts";

/** What a change in the guard thread cost. */
export interface ChangeCost {
  readonly tookMs: number;
  readonly longestSliceMs: number;
}

/** What reloads work with. */
export interface GenerationsOptions {
  /** What the daemon started with. */
  readonly first: Settings;
  readonly read: () => Promise<SettingsResult>;
  /** Has the guard thread build a generation and put it in force; rejects when it keeps the one it has. */
  readonly swap: (settings: GenerationSettings) => Promise<ChangeCost>;
  /** Gives alerts to the outputs of this configuration from now on. */
  readonly setOutputs: (outputs: Config["outputs"]) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** Who is told of reloads. */
export interface ReloadListener {
  onBegin(): void;
  onEnd(report: ReloadReport): void;
}

const faultsLoggedMax = 20;
const faultsKeptMax = 200;

/** The generation in force, and the way to the next one. */
export class Generations {
  readonly #options: GenerationsOptions;
  readonly #listeners: ReloadListener[] = [];
  #config: Config;
  #sources: JudgeSources;
  #info: GenerationInfo;
  #last: ReloadReport | undefined;
  #running: Promise<ReloadReport> | undefined;
  #next: Promise<ReloadReport> | undefined;

  constructor(options: GenerationsOptions) {
    this.#options = options;
    this.#config = options.first.config;
    this.#sources = options.first.sources;
    this.#info = { number: 1, sinceMs: options.clock.nowMs() };
  }

  /** The settings in force. */
  get config(): Config {
    return this.#config;
  }

  /** The texts in force, and what they are judged under. */
  loaded(): JudgeSources & { readonly generation: number; readonly mode: Config["mode"] } {
    return { generation: this.#info.number, mode: this.#config.mode, ...this.#sources };
  }

  get info(): GenerationInfo {
    return this.#info;
  }

  /** What came of the last reload; undefined before the first. */
  get last(): ReloadReport | undefined {
    return this.#last;
  }

  listen(listener: ReloadListener): void {
    this.#listeners.push(listener);
  }

  /**
   * Reloads. One at a time: who asks while one runs gets the next one, which reads the files after that; all who wait
   * share it. Never rejects.
   */
  reload(by: string): Promise<ReloadReport> {
    if (this.#running === undefined) return this.#start(by);
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.#start(by);
    });
    return this.#next;
  }

  #start(by: string): Promise<ReloadReport> {
    const { log } = this.#options;
    for (const listener of this.#listeners) listener.onBegin();
    this.#running = this.#run(by).then((report) => {
      this.#running = undefined;
      this.#last = report;
      logReport(log, report);
      for (const listener of this.#listeners) listener.onEnd(report);
      return report;
    });
    return this.#running;
  }

  async #run(by: string): Promise<ReloadReport> {
    const { clock, read } = this.#options;
    const startMs = clock.monotonicMs();
    const report = (parts: Pick<ReloadReport, "result"> & Partial<ReloadReport>): ReloadReport => ({
      generation: this.#info.number,
      atMs: clock.nowMs(),
      by,
      tookMs: clock.monotonicMs() - startMs,
      longestSliceMs: 0,
      changed: [],
      needsRestart: [],
      faults: [],
      text: "",
      ...parts,
    });
    try {
      const { settings, diagnostics } = await read();
      const told = { faults: faultsOf(diagnostics), text: renderDiagnostics(diagnostics) };
      if (settings === undefined || hasErrors(diagnostics)) {
        return report({ result: "refused", ...told });
      }
      const { live, needsRestart } = compareConfigs(this.#config, settings.config);
      const config = reloadable(this.#config, settings.config);
      const { longestSliceMs } = await this.#putInForce(config, settings.sources);
      return report({ result: "done", ...told, changed: live, needsRestart, longestSliceMs });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return report({ result: "refused", reason });
    }
  }

  async #putInForce(config: Config, sources: JudgeSources): Promise<ChangeCost> {
    const { clock, setOutputs, swap } = this.#options;
    const before = this.#config;
    const monotonicMs = (): number => clock.monotonicMs();
    const pieces = await runInSlices(splitJudgeSources(sources), monotonicMs);
    // Before the policies that may name them.
    setOutputs(config.outputs);
    try {
      const cost = await swap({ mode: config.mode, ...config.gate, ...pieces.value });
      this.#config = config;
      this.#sources = sources;
      this.#info = { number: this.#info.number + 1, sinceMs: clock.nowMs() };
      return cost;
    } catch (error) {
      setOutputs(before.outputs);
      throw error;
    }
  }
}

function faultsOf(diagnostics: readonly Diagnostic[]): readonly ReloadFault[] {
  return diagnosticsToJson(diagnostics)
    .slice(0, faultsKeptMax)
    .map(({ severity, code, message, place }) => ({
      ...{ severity, code, message },
      ...(place === undefined ? {} : { file: place.file, line: place.line, column: place.column }),
    }));
}

function logReport(log: Log, report: ReloadReport): void {
  const { result, by, generation, tookMs, longestSliceMs, changed, needsRestart, reason } = report;
  for (const fault of report.faults.slice(0, faultsLoggedMax)) logFault(log, fault);
  const left = report.faults.length - faultsLoggedMax;
  if (left > 0) log.warn("more faults: execwarden status --json has them", { faults: left });
  if (needsRestart.length > 0) {
    log.warn("settings changed that take a restart; the old values still hold", {
      settings: needsRestart.join(", "),
    });
  }
  const fields = { by, generation, took_ms: Math.round(tookMs) };
  if (result === "done") {
    log.info("reloaded", {
      ...fields,
      longest_slice_ms: Math.round(longestSliceMs * 10) / 10,
      changed: changed.join(", "),
    });
  } else {
    log.error("cannot reload: the generation before stays in force; mend the files and reload", {
      ...fields,
      reason:
        reason ??
        `${report.faults.filter(({ severity }) => severity === "error").length} errors in files`,
    });
  }
}

function logFault(log: Log, { severity, code, message, file, line, column }: ReloadFault): void {
  const at = file === undefined ? undefined : `${file}:${line ?? 1}:${column ?? 1}`;
  log[severity === "error" ? "error" : "warn"]("fault in a file", { at, code, fault: message });
}
