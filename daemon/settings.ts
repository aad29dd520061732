// Reads the configuration and every file that it names, and checks them together: at the start, and at each reload.
// SPDX-License-Identifier: Apache-2.0
import { dirname, join } from "node:path";
import type { RunOptions } from "./cli/command.ts";
import { withRuleChoice } from "./cli/rule-options.ts";
import type { Config } from "./config/config.ts";
import { outputNamesOf } from "./config/output-names.ts";
import { readConfig } from "./config/read.ts";
import { ruleSettingsOf } from "./config/rules-config.ts";
import { runInSlices } from "./guard/slices.ts";
import { readSources } from "./host/files.ts";
import { loadJudgeInSteps, type JudgeSources } from "./judge.ts";
import { withOutputFiles } from "./output-files.ts";
import { hasErrors, type Diagnostic } from "./text/diagnostic.ts";

/** A configuration and the texts that it names. */
export interface Settings {
  readonly config: Config;
  readonly sources: JudgeSources;
}

/** What was read; with errors among the diagnostics there are no settings. */
export interface SettingsResult {
  readonly settings?: Settings;
  readonly diagnostics: readonly Diagnostic[];
}

/** What the command line and the environment say, which files do not overrule. */
export interface SettingsOptions extends Pick<
  RunOptions,
  "configFile" | "mode" | "dockerHost" | "ruleChoice"
> {
  /** DOCKER_HOST. */
  readonly environmentDockerHost?: string | undefined;
}

/** Reads everything. All faults of all files are told at once; this thread stays free for other things meanwhile. */
export async function readSettings(options: SettingsOptions): Promise<SettingsResult> {
  const read = await readConfigFiles(options);
  const diagnostics = [...read.diagnostics];
  if (read.config === undefined || hasErrors(diagnostics)) return { diagnostics };
  const outputs = await withOutputFiles(read.config);
  diagnostics.push(...outputs.diagnostics);
  const config: Config = {
    ...withRuleChoice(outputs.config, options.ruleChoice ?? { rules: [] }),
    mode: options.mode ?? read.config.mode,
    ...(options.dockerHost === undefined ? {} : { docker: { host: options.dockerHost } }),
  };
  const files = await readJudgeSources(config);
  diagnostics.push(...files.diagnostics);
  const { value } = await runInSlices(loadJudgeInSteps(files.sources), () => performance.now());
  diagnostics.push(...value.diagnostics);
  if (hasErrors(diagnostics)) return { diagnostics };
  return { settings: { config, sources: files.sources }, diagnostics };
}

async function readConfigFiles(options: SettingsOptions): Promise<{
  readonly config?: Config;
  readonly diagnostics: readonly Diagnostic[];
}> {
  const main = await readSources([options.configFile], { missing: "error" });
  const fragments = join(dirname(options.configFile), "conf.d");
  const more = await readSources([fragments], { missing: "warning" });
  const dockerHost = options.dockerHost ?? options.environmentDockerHost;
  const { config, diagnostics } = readConfig([...main.sources, ...more.sources], {
    ...(dockerHost === undefined ? {} : { dockerHost }),
  });
  return {
    ...(config === undefined ? {} : { config }),
    diagnostics: [
      ...main.diagnostics,
      // There need be no such directory; what is in it must be readable.
      ...more.diagnostics.filter(({ severity }) => severity === "error"),
      ...diagnostics,
    ],
  };
}

async function readJudgeSources(
  config: Config,
): Promise<{ readonly sources: JudgeSources; readonly diagnostics: readonly Diagnostic[] }> {
  const [rules, policies, allowlists] = await Promise.all([
    readSources(config.rulesFiles, { missing: "warning" }),
    readSources(config.policiesFiles, { missing: "warning" }),
    readSources([config.allowlistFile], { missing: "warning" }),
  ]);
  const [allowlist] = allowlists.sources;
  return {
    sources: {
      rules: rules.sources,
      policies: policies.sources,
      ...(allowlist === undefined ? {} : { allowlist }),
      ruleSettings: ruleSettingsOf(config),
      outputNames: outputNamesOf(config),
    },
    diagnostics: [...rules.diagnostics, ...policies.diagnostics, ...allowlists.diagnostics],
  };
}
