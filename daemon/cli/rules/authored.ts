// cli/rules: tools for authors of rules. Comes in: rule files, companions, events. Goes out: text or JSON, an exit code.
// Must not know: the daemon's state; whatever is shown is what the files say.
// SPDX-License-Identifier: Apache-2.0
import { ruleSettingsOf } from "../../config/rules-config.ts";
import { allowlistMacros, readAllowlist } from "../../policy/allowlist.ts";
import type { CompiledRule } from "../../rules/check-rules.ts";
import { recordSubject, type RecordEvent } from "../../rules/fields/record.ts";
import { liveSubject } from "../../rules/fields/catalogue.ts";
import { loadRulesOver, type LoadResult } from "../../rules/load.ts";
import type { RuleSubject } from "../../rules/subject.ts";
import { hasErrors, type Diagnostic } from "../../text/diagnostic.ts";
import { didYouMean } from "../../text/nearest.ts";
import { renderDiagnostics } from "../../text/render.ts";
import type { Source } from "../../text/source.ts";
import { finish } from "../../util/steps.ts";
import {
  optionText,
  type CommandContext,
  type CommandInput,
  type CommandOption,
} from "../command.ts";
import { readConfigured } from "../configured.ts";

/** Names the rule files where the arguments name something else. */
export const filesOption: CommandOption = {
  flags: "--files <paths>",
  description:
    "rule files or directories, with commas between; without it, those of the configuration",
};

/** Loads rule files as the daemon would; with errors they are written and the answer is undefined. */
export function loadAuthored(
  paths: readonly string[],
  input: CommandInput,
  context: CommandContext,
): Promise<LoadResult | undefined> {
  return loadOver(liveSubject, { paths, input, context });
}

/** The same for events that are written down, where every field may have a value. */
export function loadForRecords(
  paths: readonly string[],
  input: CommandInput,
  context: CommandContext,
): Promise<LoadResult<RecordEvent> | undefined> {
  return loadOver(recordSubject({}, { ownFields: true }), { paths, input, context });
}

interface Request {
  readonly paths: readonly string[];
  readonly input: CommandInput;
  readonly context: CommandContext;
}

async function loadOver<E>(
  subject: RuleSubject<E>,
  { paths, input, context }: Request,
): Promise<LoadResult<E> | undefined> {
  const { config, diagnostics } = await readConfigured(input, context);
  const diagnosed: Diagnostic[] = [...diagnostics];
  const isNamed = paths.length > 0;
  const wanted = isNamed ? paths : (config?.rulesFiles ?? []);
  const files = await context.readSources(wanted, { missing: isNamed ? "error" : "warning" });
  const allowlists = await readAllowlists(config?.allowlistFile, context);
  const macros = allowlistMacros(allowlists.flatMap((result) => result.allowlists));
  const loaded = finish(
    loadRulesOver(subject, {
      files: files.sources,
      macros,
      ...(config === undefined ? {} : { settings: ruleSettingsOf(config) }),
    }),
  );
  diagnosed.push(...files.diagnostics, ...loaded.diagnostics);
  if (!hasErrors(diagnosed)) return loaded;
  await context.terminal.writeError(renderDiagnostics(diagnosed));
  return undefined;
}

async function readAllowlists(
  path: string | undefined,
  { readSources }: CommandContext,
): Promise<readonly ReturnType<typeof readAllowlist>[]> {
  const files = path === undefined ? undefined : await readSources([path], { missing: "warning" });
  return (files?.sources ?? []).map((source: Source) => readAllowlist(source));
}

/** The paths of `--files`. */
export function namedFiles(input: CommandInput): readonly string[] {
  return (optionText(input, "files") ?? "").split(",").filter((path) => path !== "");
}

/** The rule of that name; what is wrong with the name is written. */
export async function findRule<E>(
  { compilation }: LoadResult<E>,
  name: string,
  { terminal }: CommandContext,
): Promise<CompiledRule<E> | undefined> {
  const found = compilation.rules.find(({ rule }) => rule.name === name);
  if (found === undefined) {
    const hint = didYouMean(
      name,
      compilation.rules.map(({ rule }) => rule.name),
    );
    await terminal.writeError(
      `cannot find rule "${name}"${hint || ": see execwarden rules list"}\n`,
    );
  }
  return found;
}
