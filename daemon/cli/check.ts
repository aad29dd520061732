// SPDX-License-Identifier: Apache-2.0
import type { Config } from "../config/config.ts";
import { outputNamesOf } from "../config/output-names.ts";
import { ruleSettingsOf } from "../config/rules-config.ts";
import { allowlistMacros, type Allowlist, readAllowlist } from "../policy/allowlist.ts";
import { readPolicies } from "../policy/policy-file.ts";
import { falcoCodeOf } from "../rules/falco-codes.ts";
import { compileScope, loadRules } from "../rules/load.ts";
import { type Diagnostic, hasErrors } from "../text/diagnostic.ts";
import { diagnosticsToJson, renderDiagnostics } from "../text/render.ts";
import { jsonText } from "../util/json-text.ts";
import { printableText } from "../util/printable-text.ts";
import type { CommandContext, CommandInput, ReadFiles } from "./command.ts";
import { isOptionSet } from "./command.ts";
import { readConfigured } from "./configured.ts";
import { exitCodes } from "./exit-codes.ts";
import { explanations } from "./explanations.ts";

/** What is checked: `rules` alone, or `policies` with the rules and outputs that they refer to. */
export type CheckSubject = "rules" | "policies";

/**
 * Checks files as the daemon would at its start and writes every fault of every file. Files that the command line
 * names stand for those of the configuration; everything around them is the configuration's.
 */
export async function check(
  subject: CheckSubject,
  input: CommandInput,
  context: CommandContext,
): Promise<number> {
  const { config, diagnostics, isDefault } = await readConfigured(input, context);
  const checked =
    config === undefined
      ? nothing
      : await checkWithConfig({ subject, input, context, config, isDefault });
  const all = [...diagnostics, ...checked.diagnostics];
  const report = { ...checked, diagnostics: all };
  const write = isOptionSet(input, "json") ? jsonReport : textReport;
  await context.terminal.writeOut(write(subject, report));
  return hasErrors(all) ? exitCodes.checkFailed : exitCodes.ok;
}

interface Report {
  readonly files: readonly string[];
  /** Rules or policies that were read. */
  readonly count: number;
  readonly diagnostics: readonly Diagnostic[];
  /** Rules that no event here can match, with the reason. */
  readonly inactive?: readonly { readonly rule: string; readonly because: string }[];
}

const nothing: Report = { files: [], count: 0, diagnostics: [] };

interface Work {
  readonly subject: CheckSubject;
  readonly input: CommandInput;
  readonly context: CommandContext;
  readonly config: Config;
  readonly isDefault: boolean;
}

async function checkWithConfig({
  subject,
  input,
  context,
  config,
  isDefault,
}: Work): Promise<Report> {
  const named = input.arguments;
  const read = (configured: readonly string[], isSubject: boolean): Promise<ReadFiles> =>
    isSubject && named.length > 0
      ? context.readSources(named, { missing: "error" })
      : context.readSources(configured, { missing: "warning" });
  const configured = await read([config.allowlistFile], false);
  // Where no daemon is installed there need be no allowlist either.
  const allowlistFiles = isDefault ? { ...configured, diagnostics: [] } : configured;
  const { allowlists, diagnostics } = readAllowlists(allowlistFiles);
  const ruleFiles = await read(config.rulesFiles, subject === "rules");
  const rules = loadRules({
    files: ruleFiles.sources,
    macros: allowlistMacros(allowlists),
    settings: ruleSettingsOf(config),
  });
  const surroundings = [...diagnostics, ...ruleFiles.diagnostics, ...rules.diagnostics];
  const loaded = rules.ruleset?.rules;
  if (subject === "rules") {
    return {
      files: namesOf(ruleFiles),
      count: loaded?.length ?? 0,
      diagnostics: surroundings,
      inactive: (loaded ?? []).flatMap(({ name, inactiveBecause }) =>
        inactiveBecause === undefined ? [] : [{ rule: name, because: inactiveBecause }],
      ),
    };
  }
  const policyFiles = await read(config.policiesFiles, true);
  const { policies, diagnostics: faults } = readPolicies(policyFiles.sources, {
    compileScope,
    outputs: new Set(outputNamesOf(config)),
    ...(loaded === undefined
      ? {}
      : {
          ruleNames: new Set(loaded.map(({ name }) => name)),
          tags: new Set(loaded.flatMap(({ tags }) => tags)),
        }),
  });
  return {
    files: namesOf(policyFiles),
    count: policies.length,
    diagnostics: [...surroundings, ...policyFiles.diagnostics, ...faults],
  };
}

function readAllowlists(files: ReadFiles): {
  readonly allowlists: readonly Allowlist[];
  readonly diagnostics: readonly Diagnostic[];
} {
  const results = files.sources.map(readAllowlist);
  return {
    allowlists: results.flatMap(({ allowlists }) => allowlists),
    diagnostics: [...files.diagnostics, ...results.flatMap(({ diagnostics }) => diagnostics)],
  };
}

function namesOf({ sources }: ReadFiles): readonly string[] {
  return sources.map(({ name }) => name);
}

function jsonReport(subject: CheckSubject, report: Report): string {
  const { files, count, diagnostics, inactive } = report;
  return `${jsonText({
    ok: !hasErrors(diagnostics),
    files,
    [subject]: count,
    inactive,
    diagnostics: diagnosticsToJson(diagnostics).map((diagnostic) => ({
      ...diagnostic,
      explanation: explanations[diagnostic.code],
      falco: falcoCodeOf(diagnostic),
    })),
  })}\n`;
}

function textReport(subject: CheckSubject, report: Report): string {
  const { files, count, diagnostics, inactive = [] } = report;
  const faults = renderDiagnostics(diagnostics);
  if (hasErrors(diagnostics)) return faults;
  const ok = `ok: ${counted(count, nouns[subject])} in ${counted(files.length, ["file", "files"])}\n`;
  if (inactive.length === 0) return `${faults}${ok}`;
  const head = `inactive: ${counted(inactive.length, ["rule", "rules"])} that no event here can match\n`;
  const lines = inactive.map(({ rule, because }) => `  ${printableText(`${rule}: ${because}`)}\n`);
  return `${faults}${ok}${head}${lines.join("")}`;
}

type Noun = readonly [one: string, many: string];

const nouns = {
  rules: ["rule", "rules"],
  policies: ["policy", "policies"],
} as const satisfies Record<CheckSubject, Noun>;

function counted(count: number, [one, many]: Noun): string {
  return `${count} ${count === 1 ? one : many}`;
}
