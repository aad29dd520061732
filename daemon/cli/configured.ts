// SPDX-License-Identifier: Apache-2.0
import { dirname, join } from "node:path";
import type { Config } from "../config/config.ts";
import { readConfig } from "../config/read.ts";
import type { Diagnostic } from "../text/diagnostic.ts";
import {
  type CommandContext,
  type CommandInput,
  type CommandOption,
  optionText,
} from "./command.ts";
import { readRuleOptions, withRuleChoice } from "./rule-options.ts";

/** The option of every command that reads the daemon's configuration. */
export const configOption: CommandOption = {
  flags: "--config <file>",
  description: "configuration file",
  defaultText: "/etc/execwarden/execwarden.yaml",
};

/** The configuration, absent when it has errors. */
export interface Configured {
  readonly config?: Config;
  /** There is no configuration file, and nobody named one: the defaults hold. */
  readonly isDefault: boolean;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads the configuration as the daemon would, with its `conf.d`. Where nobody named a file and the usual one is
 * not there, the defaults hold: rule files can be checked where no daemon is installed.
 */
export async function readConfigured(
  input: CommandInput,
  { readSources, defaults }: CommandContext,
): Promise<Configured> {
  const named = optionText(input, "config");
  const path = named ?? defaults.configFile;
  const main = await readSources([path], { missing: named === undefined ? "warning" : "error" });
  const fragments = await readSources([join(dirname(path), "conf.d")], { missing: "warning" });
  const { dockerHost } = defaults;
  const { config, diagnostics } = readConfig(
    [...main.sources, ...fragments.sources],
    dockerHost === undefined ? {} : { dockerHost },
  );
  return {
    isDefault: main.sources.length + fragments.sources.length === 0,
    ...(config === undefined ? {} : { config: withRuleChoice(config, readRuleOptions(input)) }),
    diagnostics: [
      ...errorsOf(main.diagnostics),
      ...errorsOf(fragments.diagnostics),
      ...diagnostics,
    ],
  };
}

/** Without the warnings about what is not there. */
function errorsOf(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.filter(({ severity }) => severity === "error");
}
