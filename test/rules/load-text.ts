// SPDX-License-Identifier: Apache-2.0
import { loadRules } from "../../daemon/rules/load.ts";
import type { Ruleset } from "../../daemon/rules/ruleset.ts";
import { renderDiagnostics } from "../../daemon/text/render.ts";

/** A rule with this condition; other keys may be given as YAML lines. */
export function ruleText(condition: string, more = "", name = "R"): string {
  return `- rule: ${name}\n  desc: d\n  condition: ${condition}\n  output: o\n  priority: INFO\n${more}`;
}

/** Loads files that must be right. */
export function loadTexts(
  texts: readonly string[],
  macros: ReadonlyMap<string, string> = new Map(),
): Ruleset {
  const files = texts.map((text, i) => ({ name: `${String(i + 1)}.yaml`, text }));
  const { ruleset, diagnostics } = loadRules({ files, macros });
  if (ruleset === undefined) throw new Error(renderDiagnostics(diagnostics));
  return ruleset;
}

/** `severity code line:column "marked text"` of everything that is wrong, but for conditions without an event type. */
export function faultsOf(...texts: readonly string[]): readonly string[] {
  const files = texts.map((text, i) => ({ name: `${String(i + 1)}.yaml`, text }));
  const { diagnostics } = loadRules({ files });
  const wanted = diagnostics.filter(({ code }) => code !== "no-event-type");
  return wanted.map(({ severity, code, span }) => {
    const text = span?.source.text ?? "";
    const marked = text.slice(span?.start, span?.end);
    const before = text.slice(0, span?.start).split("\n");
    const place = `${String(before.length)}:${String((before.at(-1) ?? "").length + 1)}`;
    return `${severity} ${code} ${place} ${marked}`;
  });
}
