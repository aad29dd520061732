// SPDX-License-Identifier: Apache-2.0
import type { Place } from "../model/event.ts";
import { errorAt, hasErrors, type Diagnostic } from "../text/diagnostic.ts";
import type { LocatedText } from "../text/located-text.ts";
import { readWithSchema } from "../text/schema.ts";
import type { Source, Span } from "../text/source.ts";
import { nodeAt } from "../text/yaml-path.ts";
import type { YamlNode } from "../text/yaml-node.ts";
import { assert } from "../util/assert.ts";
import { finish, type Steps } from "../util/steps.ts";
import { policiesSchema, type PolicyInput } from "./policy-schema.ts";
import type { Policy } from "./policy.ts";
import { checkReferences, type KnownNames } from "./references.ts";

/** What policies are read against. */
export interface PolicySurroundings extends KnownNames {
  /** Compiles a scope: any condition of the rule language over container, image and host fields. */
  readonly compileScope: (text: LocatedText) => ScopeResult;
}

/** A compiled scope; the predicate is absent when there are errors, and only then. */
export interface ScopeResult {
  readonly predicate?: (place: Place) => boolean;
  readonly diagnostics: readonly Diagnostic[];
}

/** What was read; with errors among the diagnostics there are no policies. */
export interface PoliciesResult {
  readonly policies: readonly Policy[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads policy files, in order; every fault of every file is reported. */
export function readPolicies(
  sources: readonly Source[],
  surroundings: PolicySurroundings,
): PoliciesResult {
  return finish(readPoliciesInSteps(sources, surroundings));
}

/** As `readPolicies`, a file at a time. */
export function* readPoliciesInSteps(
  sources: readonly Source[],
  surroundings: PolicySurroundings,
): Steps<PoliciesResult> {
  const diagnostics: Diagnostic[] = [];
  const policies: Policy[] = [];
  const firstNamed = new Map<string, Span>();
  for (const source of sources) {
    const file = readWithSchema(source, policiesSchema);
    const nodes = policyNodes(file.root);
    const scopes = nodes.map((node) => compileScope(node, surroundings));
    diagnostics.push(
      ...file.diagnostics,
      ...nodes.flatMap((node) => checkName(node, firstNamed)),
      ...nodes.flatMap((node) => checkReferences(node, surroundings)),
      ...scopes.flatMap((scope) => scope?.diagnostics ?? []),
    );
    file.value?.policies.forEach((input, i) => policies.push(toPolicy(input, scopes[i])));
    yield;
  }
  return { policies: hasErrors(diagnostics) ? [] : policies, diagnostics };
}

function policyNodes(root: YamlNode | undefined): readonly YamlNode[] {
  const list = root === undefined ? undefined : nodeAt(root, ["policies"]);
  return list?.kind === "sequence" ? list.items : [];
}

function checkName(policy: YamlNode, firstNamed: Map<string, Span>): readonly Diagnostic[] {
  const node = nodeAt(policy, ["name"]);
  if (node?.kind !== "scalar" || node.value === "") return [];
  const { value: name, span } = node;
  const first = firstNamed.get(name);
  if (first === undefined) {
    firstNamed.set(name, span);
    return [];
  }
  const message = `cannot define the policy "${name}" twice: give this one another name`;
  const notes = [{ message: "first defined here", span: first }];
  return [errorAt({ code: "repeated-policy", message, span, notes })];
}

/** Undefined where the policy has no scope. */
function compileScope(policy: YamlNode, around: PolicySurroundings): ScopeResult | undefined {
  const node = nodeAt(policy, ["scope"]);
  if (node?.kind !== "scalar" || node.type !== "string") return undefined;
  const scope = around.compileScope(node.text);
  // A scope that got lost would make a policy hold everywhere.
  assert(
    scope.predicate !== undefined || hasErrors(scope.diagnostics),
    "a scope compiles or fails",
  );
  return scope;
}

function toPolicy(input: PolicyInput, scope: ScopeResult | undefined): Policy {
  const { name, description, severity, mode, runbook } = input;
  const { cooldown: cooldownMs, max_actions_per_minute: actionsPerMinuteMax } = input.limits;
  return {
    info: {
      name,
      severity,
      mode,
      ...(description === undefined ? {} : { description }),
      ...(runbook === undefined ? {} : { runbook }),
    },
    isEnabled: input.enabled,
    selectors: input.rules,
    actions: input.actions,
    limits: {
      ...(cooldownMs === undefined ? {} : { cooldownMs }),
      ...(actionsPerMinuteMax === undefined ? {} : { actionsPerMinuteMax }),
    },
    never: input.never,
    ...(scope?.predicate === undefined ? {} : { scope: scope.predicate }),
  };
}
