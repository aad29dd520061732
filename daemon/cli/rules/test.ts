// SPDX-License-Identifier: Apache-2.0
import { dirname, join } from "node:path";
import { readRecordEvent, recordSubject } from "../../rules/fields/record.ts";
import { loadRulesOver } from "../../rules/load.ts";
import { hasErrors, type Diagnostic } from "../../text/diagnostic.ts";
import { didYouMean } from "../../text/nearest.ts";
import { renderDiagnostics } from "../../text/render.ts";
import { readWithSchema, z } from "../../text/schema.ts";
import type { Source } from "../../text/source.ts";
import { yamlValue, type YamlNode } from "../../text/yaml-node.ts";
import { jsonText } from "../../util/json-text.ts";
import { printableText } from "../../util/printable-text.ts";
import { finish } from "../../util/steps.ts";
import { isOptionSet, jsonOption, type Command, type CommandContext } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { eventFaults } from "./event-fields.ts";

const companionSchema = z.strictObject({
  /** Rule files, beside the companion; without it, the file of the same name. */
  files: z.array(z.string().min(1)).min(1).optional(),
  tests: z.array(
    z.strictObject({
      name: z.string().min(1),
      event: z.record(z.string(), z.unknown()),
      rules: z.array(z.string()),
    }),
  ),
});

/** `execwarden rules test`: do the rules match what their author says? */
export const rulesTest: Command = {
  path: ["rules", "test"],
  summary: "run the tests that stand beside rule files (*.test.yaml)",
  help: `
A companion holds events and the rules that each must match, no more and no fewer:

  files: [web-fetch.yaml]        # beside it; without this line, NAME.yaml of NAME.test.yaml
  tests:
    - name: curl in a container is told
      event: { evt.type: execve, proc.name: curl, container.id: 3f2a, container.image: nginx }
      rules: [Run Web Fetch Program in Container]

Examples:
  execwarden rules test rules/web-fetch.test.yaml
  execwarden rules test /etc/execwarden/rules.d/*.test.yaml --json`,
  arguments: { name: "files", description: "companions (*.test.yaml)" },
  options: [jsonOption],
  async run(input, context) {
    const { terminal, readSources } = context;
    if (input.arguments.length === 0) {
      await terminal.writeError("cannot test nothing: name one or more companions (*.test.yaml)\n");
      return exitCodes.usage;
    }
    const { sources, diagnostics } = await readSources(input.arguments, { missing: "error" });
    const faults: Diagnostic[] = [...diagnostics];
    const results: TestResult[] = [];
    for (const source of sources) results.push(...(await runCompanion(source, context, faults)));
    const isGood = !hasErrors(faults) && results.every(({ ok }) => ok);
    if (hasErrors(faults)) await terminal.writeError(renderDiagnostics(faults));
    await terminal.writeOut(
      isOptionSet(input, "json")
        ? `${jsonText({ ok: isGood, tests: results })}\n`
        : textOf(results),
    );
    return isGood ? exitCodes.ok : exitCodes.checkFailed;
  },
};

interface TestResult {
  readonly file: string;
  readonly name: string;
  readonly ok: boolean;
  readonly expected: readonly string[];
  readonly matched: readonly string[];
  readonly unknown: Readonly<Record<string, string>>;
}

async function runCompanion(
  source: Source,
  { readSources }: CommandContext,
  faults: Diagnostic[],
): Promise<readonly TestResult[]> {
  const { value, root, diagnostics } = readWithSchema(source, companionSchema);
  const subject = recordSubject({}, { ownFields: true });
  faults.push(...diagnostics, ...eventsOf(root).flatMap((event) => eventFaults(event, subject)));
  if (value === undefined) return [];
  const usual = source.name.replace(/\.test\.(ya?ml)$/, ".$1");
  const paths = value.files?.map((file) => join(dirname(source.name), file)) ?? [usual];
  const rules = await readSources(paths, { missing: "error" });
  const loaded = finish(loadRulesOver(subject, { files: rules.sources }));
  faults.push(...[...rules.diagnostics, ...loaded.diagnostics].filter(isError));
  const { ruleset } = loaded;
  if (ruleset === undefined) return [];
  const names = loaded.compilation.rules.map(({ rule }) => rule.name);
  return value.tests.map(({ name, event, rules: wanted }) => {
    const matched = ruleset.match(readRecordEvent(event, subject)).map((rule) => rule.name);
    const expected = [...wanted].sort();
    const ok = jsonText(expected) === jsonText([...matched].sort());
    return { file: source.name, name, ok, expected, matched, unknown: unknownRules(wanted, names) };
  });
}

function eventsOf(root: YamlNode | undefined): readonly YamlNode[] {
  const tests = root?.kind === "map" ? yamlValue(root, "tests") : undefined;
  const items = tests?.kind === "sequence" ? tests.items : [];
  return items.flatMap((item) => (item.kind === "map" ? (yamlValue(item, "event") ?? []) : []));
}

/** Names that no rule has, each with what is said of it. */
function unknownRules(
  wanted: readonly string[],
  names: readonly string[],
): Readonly<Record<string, string>> {
  const unknown = wanted.filter((name) => !names.includes(name));
  return Object.fromEntries(
    unknown.map((name) => [name, `no rule has this name${didYouMean(name, names)}`]),
  );
}

function isError({ severity }: Diagnostic): boolean {
  return severity === "error";
}

function textOf(results: readonly TestResult[]): string {
  const lines = results.flatMap(({ file, name, ok, expected, matched, unknown }) => {
    if (ok) return [`ok    ${printableText(name)}`];
    return [
      `FAIL  ${printableText(name)}  (${printableText(file)})`,
      ...expected
        .filter((rule) => !matched.includes(rule))
        .map((rule) => `      - ${rule}: ${unknown[rule] ?? "expected, does not match"}`),
      ...matched
        .filter((rule) => !expected.includes(rule))
        .map((rule) => `      + ${rule}: matches, not expected`),
    ];
  });
  const failed = results.filter(({ ok }) => !ok).length;
  const summary = `${results.length - failed} of ${results.length} tests passed`;
  return `${[...lines, summary].join("\n")}\n`;
}
