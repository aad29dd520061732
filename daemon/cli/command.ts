// SPDX-License-Identifier: Apache-2.0
import type { Priority } from "../model/alert.ts";
import type { RuleSelection } from "../model/rule-settings.ts";
import type { Diagnostic } from "../text/diagnostic.ts";
import type { Source } from "../text/source.ts";
import type { Terminal } from "./terminal.ts";

/** One option of a command. */
export interface CommandOption {
  /** `--config <file>`: long form, with its value where it takes one. */
  readonly flags: string;
  readonly description: string;
  readonly choices?: readonly string[];
  /** Shown in the help; commands fill in defaults themselves. */
  readonly defaultText?: string;
}

/** What a command was called with. */
export interface CommandInput {
  readonly arguments: readonly string[];
  /** By the long name in camel case; true for an option without a value. */
  readonly options: Readonly<Record<string, string | true | undefined>>;
}

/** What the command line adds to the configuration's `rules`, and its `priority` where it names one. */
export interface RuleChoice {
  readonly rules: readonly RuleSelection[];
  readonly priority?: Priority;
}

/** What `run` was asked for. What is undefined is as the configuration says. */
export interface RunOptions {
  readonly configFile: string;
  readonly mode?: "monitor" | "enforce" | undefined;
  readonly dockerHost?: string | undefined;
  /** What the command line says of rules, beside the configuration. */
  readonly ruleChoice?: RuleChoice;
  /** The daemon's own log as JSON. */
  readonly isLogJson: boolean;
}

/** Files that were read, and what is wrong with the others. */
export interface ReadFiles {
  readonly sources: readonly Source[];
  readonly diagnostics: readonly Diagnostic[];
}

/** What commands work with. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Runs the daemon until it is told to stop; answers with the exit code. */
  readonly runDaemon: (options: RunOptions) => Promise<number>;
  /** Reads files and directories; those that are missing are errors or warnings. */
  readonly readSources: (
    paths: readonly string[],
    options: { readonly missing: "error" | "warning" },
  ) => Promise<ReadFiles>;
  /** Puts a text in the place of a file's, as a whole; the file's mode and owner stay. */
  readonly replaceFile: (path: string, text: string) => Promise<void>;
  /** Writes a file that is not there yet; rejects where it is. */
  readonly createFile: (path: string, text: string) => Promise<void>;
  /** Standard input as it comes, by lines; undefined stands for a line that was too long. */
  readonly readInputLines: () => AsyncIterable<readonly (string | undefined)[]>;
  /** Name of a group of this host, where /etc/group has it. */
  readonly nameOfGroup?: (id: number) => Promise<string | undefined>;
  readonly defaults: CliDefaults;
}

/** What holds where the command line says nothing. */
export interface CliDefaults {
  readonly version: string;
  readonly configFile: string;
  /** Where the daemon listens unless it is configured otherwise. */
  readonly socketPath: string;
  /** DOCKER_HOST of the environment. */
  readonly dockerHost?: string | undefined;
}

/** One row of the table of commands. */
export interface Command {
  /** `["rules", "check"]` for `execwarden rules check`. */
  readonly path: readonly string[];
  readonly summary: string;
  /** Examples and what else is worth knowing, for `--help`. */
  readonly help: string;
  readonly arguments?: { readonly name: string; readonly description: string };
  readonly options: readonly CommandOption[];
  /** Answers with the exit code. */
  run(input: CommandInput, context: CommandContext): Promise<number>;
}

/** The value of an option that takes one. */
export function optionText(input: CommandInput, name: string): string | undefined {
  const value = input.options[name];
  return typeof value === "string" ? value : undefined;
}

/** True when an option without a value was given. */
export function isOptionSet(input: CommandInput, name: string): boolean {
  return input.options[name] === true;
}

/** The option that every command with machine-readable output has. */
export const jsonOption: CommandOption = {
  flags: "--json",
  description: "write JSON for programs",
};

/** The option of every command that asks the daemon. */
export const socketOption: CommandOption = {
  flags: "--socket <path>",
  description: "where the daemon listens",
  defaultText: "/run/execwarden/execwarden.sock",
};
