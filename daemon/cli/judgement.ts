// SPDX-License-Identifier: Apache-2.0
import { outputNamesOf } from "../config/output-names.ts";
import { ruleSettingsOf } from "../config/rules-config.ts";
import type { RuleSettings } from "../model/rule-settings.ts";
import { allowlistMacros, type Allowlist, readAllowlist } from "../policy/allowlist.ts";
import { readPolicies } from "../policy/policy-file.ts";
import type { Policy } from "../policy/policy.ts";
import { fieldNamesOf } from "../rules/field-names.ts";
import { compileScope, loadRules } from "../rules/load.ts";
import type { Ruleset } from "../rules/ruleset.ts";
import { errorAt, type Diagnostic, hasErrors } from "../text/diagnostic.ts";
import type { Source } from "../text/source.ts";
import { sourcesSchema } from "./answers.ts";
import { clientOf } from "./ask.ts";
import type { DaemonFailure } from "./client.ts";
import { type CommandContext, type CommandInput, optionText } from "./command.ts";
import { readConfigured } from "./configured.ts";
import { err, ok, type Result } from "../util/result.ts";

/** Rules, policies and allowlists, ready to be asked. */
export interface Judgement {
  /** Where they came from, for people. */
  readonly origin: string;
  readonly mode: "monitor" | "enforce";
  readonly ruleset: Ruleset;
  readonly policies: readonly Policy[];
  readonly allowlists: readonly Allowlist[];
  /** Names of the fields that a rule's condition asks for, by the rule's name. */
  readonly fieldsOf: (ruleName: string) => ReadonlySet<string>;
}

/** What a judgement is made of. */
interface JudgementFiles {
  readonly mode: "monitor" | "enforce";
  readonly rules: readonly Source[];
  readonly policies: readonly Source[];
  readonly allowlists: readonly Source[];
  readonly ruleSettings: Partial<RuleSettings>;
  readonly outputNames: readonly string[];
}

/** What the daemon has in force now, compiled here: the daemon only hands out the texts. */
export async function judgementOfDaemon(
  input: CommandInput,
  context: CommandContext,
): Promise<Result<Judgement, DaemonFailure>> {
  const answer = await clientOf(input, context).get("/v1/sources");
  if (!answer.ok) return answer;
  const files = sourcesSchema.parse(JSON.parse(answer.value));
  const { judgement } = compile(files, `the daemon's generation ${files.generation}`);
  if (judgement !== undefined) return ok(judgement);
  const message = "cannot read the daemon's rules: it is of another version than this program";
  return err({ kind: "refused", message });
}

/** What the configuration's files say, as the daemon would read them at its start. */
export async function judgementOfFiles(
  input: CommandInput,
  context: CommandContext,
): Promise<{ readonly judgement?: Judgement; readonly diagnostics: readonly Diagnostic[] }> {
  const { config, diagnostics } = await readConfigured(input, context);
  if (config === undefined) return { diagnostics };
  const read = (paths: readonly string[]): ReturnType<CommandContext["readSources"]> =>
    context.readSources(paths, { missing: "warning" });
  const [rules, policies, allowlists] = await Promise.all([
    read(config.rulesFiles),
    read(config.policiesFiles),
    read([config.allowlistFile]),
  ]);
  const files = {
    mode: config.mode,
    rules: rules.sources,
    policies: policies.sources,
    allowlists: allowlists.sources,
    ruleSettings: ruleSettingsOf(config),
    outputNames: outputNamesOf(config),
  };
  const origin = `the files of ${optionText(input, "config") ?? context.defaults.configFile}`;
  const compiled = compile(files, origin);
  const readFaults = [rules, policies, allowlists].flatMap((file) => file.diagnostics);
  const nothing =
    rules.sources.length > 0
      ? []
      : [errorAt({ code: "file-missing", message: "cannot explain anything: there are no rules" })];
  const all = [...diagnostics, ...readFaults, ...nothing, ...compiled.diagnostics];
  return hasErrors(all) ? { diagnostics: all } : { ...compiled, diagnostics: all };
}

function compile(
  files: JudgementFiles,
  origin: string,
): { readonly judgement?: Judgement; readonly diagnostics: readonly Diagnostic[] } {
  const read = files.allowlists.map(readAllowlist);
  const allowlists = read.flatMap((result) => result.allowlists);
  const rules = loadRules({
    files: files.rules,
    macros: allowlistMacros(allowlists),
    settings: files.ruleSettings,
  });
  const { policies, diagnostics: faults } = readPolicies(files.policies, {
    compileScope,
    outputs: new Set(files.outputNames),
  });
  const diagnostics = [
    ...read.flatMap((result) => result.diagnostics),
    ...rules.diagnostics,
    ...faults,
  ];
  const { ruleset } = rules;
  if (ruleset === undefined || hasErrors(diagnostics)) return { diagnostics };
  const exprs = new Map(rules.compilation.rules.map(({ rule, expr }) => [rule.name, expr]));
  const fieldsOf = (ruleName: string): ReadonlySet<string> => {
    const expr = exprs.get(ruleName);
    return expr === undefined ? new Set() : fieldNamesOf(expr);
  };
  return {
    judgement: { origin, mode: files.mode, ruleset, policies, allowlists, fieldsOf },
    diagnostics,
  };
}
