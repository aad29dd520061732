// SPDX-License-Identifier: Apache-2.0
import { parseCondition } from "../lang/parser.ts";
import { errorAt, type Diagnostic } from "../text/diagnostic.ts";
import type { Source } from "../text/source.ts";
import { layoutYaml, type EntryLayout } from "../text/yaml-layout.ts";
import type { YamlNode } from "../text/yaml-node.ts";
import { readYaml } from "../text/yaml.ts";
import { layoutCondition } from "./condition-layout.ts";

/** A rule file in its usual layout, or why it cannot be laid out. */
export interface FormatResult {
  readonly text?: string;
  readonly diagnostics: readonly Diagnostic[];
}

/** Keys of entries in the order of Falco's own files; others follow. */
const keyOrder = [
  ...["required_engine_version", "required_plugin_versions", "list", "macro", "rule", "desc"],
  ...["items", "condition", "exceptions", "output", "priority", "enabled", "tags", "source"],
  ...["warn_evttypes", "skip-if-unknown-filter", "capture", "capture_duration"],
  ...["append", "override"],
];

const conditionWidth = 92;

const layout: EntryLayout = {
  rankOf(key) {
    const rank = keyOrder.indexOf(key);
    return rank < 0 ? keyOrder.length : rank;
  },
  linesOf: (key, value) =>
    key === "condition" ? layoutCondition(value, conditionWidth) : undefined,
};

/**
 * Lays a rule file out: comments stay, keys come in order, conditions are one clause a line. What comes out says the
 * same as what went in, which is checked; otherwise there is an error and no text.
 */
export function formatRuleFile(source: Source): FormatResult {
  const before = readYaml(source, { multiDocument: true });
  if (before.diagnostics.length > 0) return { diagnostics: before.diagnostics };
  const text = layoutYaml(source.text, layout);
  const after = text === undefined ? undefined : readYaml({ ...source, text }, multiDocument);
  if (text === undefined || after === undefined || !isSame(before.documents, after.documents)) {
    const span = { source, start: 0, end: 0 };
    const message = `cannot format ${source.name}: in another layout it would not say the same`;
    return { diagnostics: [errorAt({ code: "format", message, span })] };
  }
  return { text, diagnostics: [] };
}

const multiDocument = { multiDocument: true };

function isSame(before: readonly YamlNode[], after: readonly YamlNode[]): boolean {
  return JSON.stringify(before.map(meaningOf)) === JSON.stringify(after.map(meaningOf));
}

/** What a node says; of maps, whatever the order of their keys (of one that is repeated, the first counts). */
function meaningOf(node: YamlNode): unknown {
  switch (node.kind) {
    case "scalar":
      return { type: node.type, value: node.value };
    case "sequence":
      return node.items.map(meaningOf);
    case "map": {
      const pairs = node.entries.map(({ key, value }): readonly [string, unknown] => {
        const name = key.value;
        const isCondition = name === "condition" && value.kind === "scalar";
        return [name, isCondition ? conditionMeaning(value.value) : meaningOf(value)];
      });
      return { pairs: pairs.toSorted(([a], [b]) => (a < b ? -1 : Number(a > b))) };
    }
  }
}

/** The tree of a condition without its places; of a part of one (`and …`, to be appended), the words. */
function conditionMeaning(text: string): unknown {
  for (const whole of [text, `appended ${text}`]) {
    const parsed = parseCondition(whole);
    if (!parsed.ok) continue;
    return JSON.stringify(parsed.expr, (key, value: unknown) =>
      key === "range" || key === "operatorRange" ? undefined : value,
    );
  }
  return text;
}
