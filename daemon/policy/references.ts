// SPDX-License-Identifier: Apache-2.0
import { errorAt, type Diagnostic } from "../text/diagnostic.ts";
import { didYouMean } from "../text/nearest.ts";
import type { YamlNode, YamlScalar } from "../text/yaml-node.ts";
import { nodeAt, type YamlPath } from "../text/yaml-path.ts";

/** The names that policies may refer to. A set that is left out is not checked against. */
export interface KnownNames {
  readonly ruleNames?: ReadonlySet<string>;
  readonly tags?: ReadonlySet<string>;
  /** Names of the outputs that the configuration defines. */
  readonly outputs?: ReadonlySet<string>;
}

/**
 * Checks what one policy refers to. It looks at the tree, not at the value, so that a policy with other faults has
 * these reported too.
 */
export function checkReferences(policy: YamlNode, known: KnownNames): readonly Diagnostic[] {
  const rules = itemsAt(policy, ["rules"]);
  const tags = rules.flatMap((item) => textsOf(nodeAt(item, ["tag"])));
  const outputs = itemsAt(policy, ["actions"]).flatMap((item) => itemsAt(item, ["notify"]));
  return [
    ...missing(rules.flatMap(textsOf), known.ruleNames, {
      code: "unknown-rule",
      problem: "cannot find the rule",
    }),
    ...missing(tags, known.tags, {
      code: "unknown-tag",
      problem: "cannot find a rule with the tag",
    }),
    ...missing(outputs.flatMap(textsOf), known.outputs, {
      code: "unknown-output",
      problem: "cannot notify the output",
    }),
  ];
}

function missing(
  texts: readonly YamlScalar[],
  known: ReadonlySet<string> | undefined,
  { code, problem }: { readonly code: string; readonly problem: string },
): readonly Diagnostic[] {
  if (known === undefined) return [];
  return texts
    .filter(({ value }) => !known.has(value))
    .map(({ value, span }) =>
      errorAt({ code, message: `${problem} "${value}"${suggestion(value, known)}`, span }),
    );
}

const namesShownMax = 5;

/** The nearest name, or else what there is. */
function suggestion(name: string, known: ReadonlySet<string>): string {
  const nearest = didYouMean(name, known);
  if (nearest !== "") return nearest;
  const names = [...known].slice(0, namesShownMax).map((one) => `"${one}"`);
  const more = known.size > namesShownMax ? " and others" : "";
  return known.size === 0 ? ": there are none" : `: there are ${names.join(", ")}${more}`;
}

function itemsAt(node: YamlNode, path: YamlPath): readonly YamlNode[] {
  const list = nodeAt(node, path);
  return list?.kind === "sequence" ? list.items : [];
}

function textsOf(node: YamlNode | undefined): readonly YamlScalar[] {
  return node?.kind === "scalar" && node.type === "string" ? [node] : [];
}
