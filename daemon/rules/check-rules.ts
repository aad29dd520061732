// SPDX-License-Identifier: Apache-2.0
import type { AppendOutput } from "../model/rule-settings.ts";
import { hasErrors, warningAt, type Diagnostic } from "../text/diagnostic.ts";
import {
  editText,
  joinTexts,
  textAt,
  type LocatedText,
  type TextEdit,
} from "../text/located-text.ts";
import type { Expr } from "../lang/ast.ts";
import { compareBytes } from "../util/byte-string.ts";
import type { Steps } from "../util/steps.ts";
import { createChecker, type Checker } from "../lang/check.ts";
import { boundOf, constant, type Checked } from "../lang/checked.ts";
import { createExplainer, type Explainer } from "../lang/explain.ts";
import { appendedOutput } from "./append-output.ts";
import type { CollectedRule } from "./collect.ts";
import { conditionDoubts, typeFaults } from "./doubts.ts";
import type { Named } from "./definition.ts";
import { eventTypesOf } from "./event-types.ts";
import { withExceptions } from "./exceptions.ts";
import { programFieldNames } from "./fields/programs.ts";
import { findInactivity, isOnlyWith } from "./inactivity.ts";
import type { ExpandedCondition, MacroTable } from "./macros.ts";
import type { FormattedOutput } from "./output-template.ts";
import { compileRuleOutput, type RuleOutput } from "./rule-output.ts";
import type { CheckedRule, Rule } from "./ruleset.ts";
import { defaultSource, sourceNamed, type RuleSource, type RuleSubject } from "./subject.ts";
import type { FaultOwners } from "./told-once.ts";

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

/** A rule that is ready for use, with what its author wants to see of it. */
export interface CompiledRule<E> extends CheckedRule<E> {
  readonly collected: CollectedRule;
  /** The condition with its exceptions, lists and macros in place; absent where its source is unknown. */
  readonly expr?: Expr;
}

/** The rules that are sound, and what is wrong with the others, in their order. */
export interface RulesResult<E> {
  readonly rules: readonly CompiledRule<E>[];
  readonly diagnostics: readonly Diagnostic[];
  readonly owners: FaultOwners;
}

/** Checks every rule, disabled ones too. */
export function* checkRules<E>(
  rules: ReadonlyMap<string, CollectedRule>,
  { macros, subject, append = [] }: RuleChecks<E>,
): Steps<RulesResult<E>> {
  const diagnostics: Diagnostic[] = [];
  const owners = new Map<Diagnostic, readonly Named[]>();
  const workshops = new Map<RuleSource<E>, Workshop<E>>();
  const sound: CompiledRule<E>[] = [];
  for (const rule of rules.values()) {
    const source = sourceNamed(subject, rule.parts.source?.value);
    if (rule.isUnseen || source === undefined) {
      sound.push(ruleOfUnknownSource(rule));
      continue;
    }
    const workshop = workshops.get(source) ?? openWorkshop(source, { macros, append });
    workshops.set(source, workshop);
    const faults: Diagnostic[] = [];
    const compiled = compileRule(rule, workshop, faults);
    const told = isSkipped(rule, faults) ? skip(rule, faults) : faults;
    diagnostics.push(...told);
    for (const fault of told) owners.set(fault, [...(owners.get(fault) ?? []), rule.name]);
    if (compiled !== undefined && !hasErrors(faults)) sound.push(compiled);
    yield;
  }
  return { rules: sound, diagnostics, owners };
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

/** Codes of what a newer engine may know. */
const unknownCodes = ["unknown-field", "unknown-value", "output-field"];

/** True where the first fault is one that the rule says may be there. */
function isSkipped({ parts }: CollectedRule, faults: readonly Diagnostic[]): boolean {
  const first = faults.find(({ severity }) => severity === "error");
  return parts.skipsUnknownFields === true && unknownCodes.includes(first?.code ?? "");
}

/** What stays of the faults of a rule that is skipped: warnings that came before, and why it is. */
function skip({ name }: CollectedRule, faults: readonly Diagnostic[]): readonly Diagnostic[] {
  const at = faults.findIndex(({ severity }) => severity === "error");
  const why = faults[at];
  const message = `rule "${name.value}" is skipped: ${why?.message ?? "it uses unknown fields"}`;
  const span = why?.span ?? name.span;
  const notes = why?.notes ?? [];
  const skipped = warningAt({ code: "unknown-fields-skipped", message, span, notes });
  return [...faults.slice(0, at), skipped];
}

/** Faults come in upstream's order: exceptions, output, condition. */
function compileRule<E>(
  collected: CollectedRule,
  workshop: Workshop<E>,
  faults: Diagnostic[],
): CompiledRule<E> | undefined {
  const { condition, exceptions = [] } = collected.parts;
  const about = describeRule(collected);
  const text = condition && withExceptions(condition, exceptions, faults);
  const output = compileOutput(collected, workshop, { about, faults });
  // A skipped rule uses no macro and no list.
  if (isSkipped(collected, faults)) return undefined;
  const expanded = text && workshop.macros.expand(text, faults);
  const checked = expanded && checkCondition(expanded, workshop, faults);
  if (expanded === undefined || checked === undefined) return undefined;
  if (about.source === defaultSource) faults.push(...typeFaults(expanded.expr, expanded.text));
  // What is wrong may be the macro that says so.
  if (!hasErrors(faults)) warnOfEventTypes(collected, expanded.expr, faults);
  const inactiveBecause = inactivityOf(expanded.expr, checked, workshop.source);
  const rule: Rule<E> = {
    ...about,
    outputText: output.text,
    formatOutput: output.format,
    ...(inactiveBecause === undefined ? {} : { inactiveBecause }),
    ...(isOnlyWith(programFieldNames, expanded.expr, workshop.source)
      ? { needsProgramList: true }
      : {}),
  };
  return {
    rule,
    checked,
    collected,
    expr: expanded.expr,
    explain: (event) => workshop.explainer.explain(expanded.expr, expanded.text, event),
  };
}

/** What is known of a rule before it is compiled. */
type About = Omit<Rule<unknown>, "formatOutput" | "outputText">;

function describeRule({ name, parts }: CollectedRule): About {
  return {
    name: name.value,
    description: parts.desc?.value.trim() ?? "",
    priority: parts.priority ?? "Debug",
    tags: [...new Set(parts.tags)].sort(compareBytes),
    source: parts.source?.value ?? defaultSource,
    isEnabled: parts.enabled ?? true,
  };
}

/** Listed, and neither checked nor compiled: what its fields are nobody here knows. */
function ruleOfUnknownSource<E>(collected: CollectedRule): CompiledRule<E> {
  const about = describeRule(collected);
  const inactiveBecause = `no events of source "${about.source}" are seen`;
  const formatOutput = (): FormattedOutput => ({ output: "", fields: {} });
  const outputText = collected.parts.output?.value ?? "";
  return {
    rule: { ...about, inactiveBecause, outputText, formatOutput },
    checked: constant(false),
    collected,
    explain: () => undefined,
  };
}

function checkCondition<E>(
  { expr, text }: ExpandedCondition,
  { checker }: Workshop<E>,
  faults: Diagnostic[],
): Checked<E> | undefined {
  faults.push(...conditionDoubts(expr, text));
  const { checked, diagnostics } = checker.check(expr, text);
  // Upstream has doubts about values only when all else is right.
  const isError = ({ severity }: Diagnostic): boolean => severity === "error";
  faults.push(...diagnostics.filter(isError), ...diagnostics.filter((item) => !isError(item)));
  return hasErrors(diagnostics) ? undefined : checked;
}

function warnOfEventTypes({ name, parts }: CollectedRule, expr: Expr, faults: Diagnostic[]): void {
  const isSyscall = (parts.source?.value ?? defaultSource) === defaultSource;
  if (!isSyscall || parts.warnsOfEventTypes === false || !eventTypesOf(expr).isBroad) return;
  const message = `rule "${name.value}" does not say which events it is about: add evt.type to its condition`;
  faults.push(warningAt({ code: "no-event-type", message, span: name.span }));
}

function compileOutput<E>(
  { name, parts }: CollectedRule,
  { source, append }: Workshop<E>,
  { about, faults }: { readonly about: About; readonly faults: Diagnostic[] },
): RuleOutput<E> {
  const added = appendedOutput(append, about);
  // That there is none was told when it was read.
  const written = parts.output ?? textAt(" ", name.span);
  const text = withoutContainerInfo(joinTexts([written, ...added.texts]), faults);
  const output = compileRuleOutput(text, added.fields, source.catalogue);
  faults.push(...output.diagnostics);
  return output;
}

/** Takes out the one name that upstream takes out. */
function withoutContainerInfo(output: LocatedText, faults: Diagnostic[]): LocatedText {
  const pattern = "%container.info";
  const edits: TextEdit[] = [];
  for (let at = output.value.indexOf(pattern); at >= 0;) {
    const end = at + pattern.length;
    edits.push({ start: at, end, replacement: "" });
    at = output.value.indexOf(pattern, end);
  }
  const [first] = edits;
  if (first === undefined) return output;
  const message = `"${pattern}" is deprecated and shows nothing`;
  const span = output.spanOf(first.start, first.end);
  faults.push(warningAt({ code: "deprecated", message, span }));
  return editText(output, edits);
}

/** Why no event that occurs can match: what it asks for does not exist, or it contradicts itself. */
function inactivityOf<E>(
  expr: Expr,
  checked: Checked<E>,
  source: RuleSource<E>,
): string | undefined {
  const { eventTypes } = source;
  if (eventTypes === undefined) return undefined;
  const types = boundOf(checked, "evt.type");
  const isBeyond = types !== undefined && !eventTypes.some((type) => types.has(type));
  return findInactivity(expr, source) ?? (isBeyond ? "its condition is never true" : undefined);
}
