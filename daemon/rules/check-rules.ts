// SPDX-License-Identifier: Apache-2.0
import { errorAt, hasErrors, warningAt, type Diagnostic } from "../text/diagnostic.ts";
import { sliceText, textAt, type LocatedText } from "../text/located-text.ts";
import { didYouMean } from "../text/nearest.ts";
import { priorities, type Priority } from "../model/alert.ts";
import type { Steps } from "../util/steps.ts";
import { createChecker, type Checker } from "../lang/check.ts";
import { boundOf, constant, type Checked } from "../lang/checked.ts";
import { createExplainer, type Explainer } from "../lang/explain.ts";
import type { CollectedRule } from "./collect.ts";
import type { Named } from "./definition.ts";
import { withExceptions } from "./exceptions.ts";
import type { ExpandedCondition, MacroTable } from "./macros.ts";
import type { AppendOutput } from "./append-output.ts";
import type { FormattedOutput } from "./output-template.ts";
import { compileRuleOutput } from "./rule-output.ts";
import type { CheckedRule, Rule } from "./ruleset.ts";
import { defaultSource, sourceNamed, type RuleSource, type RuleSubject } from "./subject.ts";

/** The tools that all rules of one source share. */
interface Workshop<E> {
  readonly macros: MacroTable;
  readonly checker: Checker<E>;
  readonly explainer: Explainer<E>;
  readonly source: RuleSource<E>;
  readonly append: readonly AppendOutput[];
}

/** What rules are checked with. */
export interface RuleChecks<E> {
  readonly macros: MacroTable;
  readonly subject: RuleSubject<E>;
  /** What is added to outputs. */
  readonly append?: readonly AppendOutput[];
}

/** Checks every rule, disabled ones too; faults are added to `diagnostics`. */
export function* checkRules<E>(
  rules: ReadonlyMap<string, CollectedRule>,
  { macros, subject, append = [] }: RuleChecks<E>,
  diagnostics: Diagnostic[],
): Steps<readonly CheckedRule<E>[]> {
  const workshops = new Map<RuleSource<E>, Workshop<E>>();
  const sound: CheckedRule<E>[] = [];
  for (const rule of rules.values()) {
    const source = sourceNamed(subject, rule.parts.source?.value);
    if (source === undefined) {
      sound.push(ruleOfUnknownSource(rule, diagnostics));
      continue;
    }
    const workshop = workshops.get(source) ?? openWorkshop(source, { macros, append });
    workshops.set(source, workshop);
    const faults: Diagnostic[] = [];
    const checked = checkRule(rule, workshop, faults);
    const isSkipped = rule.parts.skipsUnknownFields === true && onlyUnknown(faults);
    diagnostics.push(...(isSkipped ? [skipped(rule.name)] : faults));
    if (!isSkipped && checked !== undefined) sound.push(checked);
    yield;
  }
  return sound;
}

function openWorkshop<E>(
  source: RuleSource<E>,
  shared: Pick<Workshop<E>, "macros" | "append">,
): Workshop<E> {
  const { catalogue } = source;
  return {
    ...shared,
    source,
    checker: createChecker(catalogue),
    explainer: createExplainer(catalogue),
  };
}

/** True when unknown fields or event types are all that is wrong. */
function onlyUnknown(faults: readonly Diagnostic[]): boolean {
  const errors = faults.filter(({ severity }) => severity === "error");
  const codes = ["unknown-field", "field-argument", "output"];
  return errors.length > 0 && errors.every(({ code }) => codes.includes(code));
}

function skipped(name: Named): Diagnostic {
  const message = `rule "${name.value}" is skipped: it uses unknown fields`;
  return warningAt({ code: "unknown-fields-skipped", message, span: name.span });
}

function checkRule<E>(
  { name, parts }: CollectedRule,
  workshop: Workshop<E>,
  faults: Diagnostic[],
): CheckedRule<E> | undefined {
  const { condition, output, exceptions = [] } = parts;
  const { source } = workshop;
  const about = describeRule({ name, parts }, faults);
  const found = condition && checkCondition({ condition, exceptions }, workshop, faults);
  const trimmed = trimText(output ?? textAt("", name.span));
  const { append } = workshop;
  const compiled = compileRuleOutput(trimmed, about, { catalogue: source.catalogue, append });
  faults.push(...compiled.diagnostics);
  if (found === undefined) return undefined;
  const { checked, expanded } = found;
  const inactiveBecause = findInactivity(checked, source);
  const rule: Rule<E> = {
    ...about,
    outputText: compiled.text,
    formatOutput: compiled.format,
    ...(inactiveBecause === undefined ? {} : { inactiveBecause }),
  };
  return {
    rule,
    checked,
    explain: (event) => workshop.explainer.explain(expanded.expr, expanded.text, event),
  };
}

function describeRule(
  { name, parts }: Pick<CollectedRule, "name" | "parts">,
  faults: Diagnostic[],
): Omit<Rule<unknown>, "formatOutput" | "outputText"> {
  return {
    name: name.value,
    description: parts.desc?.value.trim() ?? "",
    priority: readPriority(parts.priority, faults),
    tags: [...new Set(parts.tags)].sort(),
    source: parts.source?.value ?? defaultSource,
    isEnabled: parts.enabled ?? true,
  };
}

/** Listed, and neither checked nor compiled: what its fields are nobody here knows. */
function ruleOfUnknownSource<E>(rule: CollectedRule, faults: Diagnostic[]): CheckedRule<E> {
  const about = describeRule(rule, faults);
  const inactiveBecause = `no events of source "${about.source}" are seen`;
  const message = `rule "${about.name}" is not used: ${inactiveBecause}`;
  const span = rule.parts.source?.span ?? rule.name.span;
  faults.push(warningAt({ code: "unknown-source", message, span }));
  const formatOutput = (): FormattedOutput => ({ output: "", fields: {} });
  const outputText = rule.parts.output?.value.trim() ?? "";
  return {
    rule: { ...about, inactiveBecause, outputText, formatOutput },
    checked: constant(false),
    explain: () => undefined,
  };
}

function checkCondition<E>(
  parts: {
    readonly condition: LocatedText;
    readonly exceptions: NonNullable<CollectedRule["parts"]["exceptions"]>;
  },
  { macros, checker }: Workshop<E>,
  faults: Diagnostic[],
): { readonly checked: Checked<E>; readonly expanded: ExpandedCondition } | undefined {
  const expanded = macros.expand(withExceptions(parts.condition, parts.exceptions, faults));
  if (expanded === undefined) return undefined;
  const { checked, diagnostics } = checker.check(expanded.expr, expanded.text);
  faults.push(...diagnostics);
  return hasErrors(diagnostics) ? undefined : { checked, expanded };
}

/** Why no event that occurs can match. */
function findInactivity<E>(
  checked: Checked<E>,
  { eventTypes, noun = "events" }: RuleSource<E>,
): string | undefined {
  if (eventTypes === undefined) return undefined;
  if (checked.kind === "constant" && !checked.value) {
    const fields = checked.emptyFields.join(", ");
    return fields === "" ? "its condition is never true" : `${noun} have no value for ${fields}`;
  }
  const types = boundOf(checked, "evt.type");
  if (types === undefined || eventTypes.some((type) => types.has(type))) return undefined;
  return `no events of type ${[...types].join(", ")} are seen`;
}

function readPriority(named: Named | undefined, faults: Diagnostic[]): Priority {
  const word = named?.value.toLowerCase() ?? "debug";
  const wanted = word === "info" ? "informational" : word;
  const found = priorities.find((priority) => priority.toLowerCase() === wanted);
  if (named !== undefined && found === undefined) {
    const hint =
      didYouMean(named.value, priorities) || `: expected one of ${priorities.join(", ")}`;
    const message = `cannot use priority "${named.value}"${hint}`;
    faults.push(errorAt({ code: "unknown-priority", message, span: named.span }));
  }
  return found ?? "Debug";
}

function trimText(text: LocatedText): LocatedText {
  const { value } = text;
  const start = value.length - value.trimStart().length;
  return sliceText(text, start, Math.max(start, value.trimEnd().length));
}
