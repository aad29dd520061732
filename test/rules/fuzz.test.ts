// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import fc from "fast-check";
import t from "tap";
import { createChecker } from "../../daemon/lang/check.ts";
import { createCompiler } from "../../daemon/lang/compile.ts";
import { createExplainer } from "../../daemon/lang/explain.ts";
import { parseCondition } from "../../daemon/lang/parser.ts";
import { langDiagnosticTexts } from "../../daemon/lang/diagnostic-texts.ts";
import { ruleDiagnosticTexts } from "../../daemon/rules/diagnostic-texts.ts";
import { eventTypesOf } from "../../daemon/rules/event-types.ts";
import {
  readRecordEvent,
  recordSubject,
  type RecordEvent,
} from "../../daemon/rules/fields/record.ts";
import { compileTemplate } from "../../daemon/rules/output-template.ts";
import { loadRules } from "../../daemon/rules/load.ts";
import { yamlDiagnosticTexts } from "../../daemon/text/diagnostic-texts.ts";
import { hasErrors } from "../../daemon/text/diagnostic.ts";
import { wholeSource } from "../../daemon/text/located-text.ts";
import { renderDiagnostics } from "../../daemon/text/render.ts";
import { ruleText } from "./load-text.ts";
import { sampleEvent } from "./sample-event.ts";

const shipped = readFileSync(new URL("../../rules/web-fetch.yaml", import.meta.url), "utf8");
const base = `${shipped}
- rule: R2
  desc: d
  condition: spawned_process and (proc.aname in (web_fetch_binaries) or proc.args[1] glob '*x' or len(proc.args) > 5)
  output: "%proc.args[0] %12proc.pname %toupper(proc.name)"
  priority: ERROR
  exceptions:
    - name: e
      fields: [proc.name, proc.pname]
      comps: [in, startswith]
      values: [[[a, b], c]]
- rule: R2
  tags: [x]
  override: {tags: append}
`;

const known = { ...yamlDiagnosticTexts, ...langDiagnosticTexts, ...ruleDiagnosticTexts };

/** Loads, renders, matches: none of it may throw, and what is reported must be of use. */
function exercise(text: string): void {
  const source = { name: "f", text };
  const { ruleset, diagnostics } = loadRules({ files: [source] });
  if (ruleset === undefined && diagnostics.length === 0)
    throw new Error("refused without a reason");
  for (const { code, span } of diagnostics) {
    if (!(code in known)) throw new Error(`no text for ${code}`);
    if (
      span !== undefined &&
      (span.start < 0 || span.end < span.start || span.start > text.length)
    ) {
      throw new Error(`${code} lies outside of the text`);
    }
  }
  renderDiagnostics(diagnostics);
  for (const rule of ruleset?.match(sampleEvent()) ?? []) rule.formatOutput(sampleEvent());
}

t.test("a damaged rule file is loaded or refused, never more", (t) => {
  const at = fc.nat({ max: base.length });
  const junk = fc.oneof(
    fc.constantFrom(..."\"'()[]{}:,-%>|&*#\n\t=".split("")),
    fc.constantFrom(
      "rule",
      "macro",
      "- ",
      "\n---\n",
      "not ",
      " and ",
      "in ",
      "<<: *a",
      "\u0000",
      "\u202e",
      "&a ",
    ),
    fc.string({ maxLength: 4, unit: "binary" }),
  );
  const edit = fc.record({ at, length: fc.nat({ max: 12 }), junk });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      let text = base;
      for (const change of edits) {
        text = text.slice(0, change.at) + change.junk + text.slice(change.at + change.length);
      }
      exercise(text);
    }),
    { numRuns: 500 },
  );
  t.pass("nothing was thrown");
  t.end();
});

t.test("no condition and no output throws, whatever they are made of", (t) => {
  const piece = fc.constantFrom(
    ...[
      "proc.name",
      "proc.pid",
      "proc.aname",
      "proc.args[0]",
      "evt.type",
      "fd.ip",
      "fd.net",
      "x.y",
    ],
    ...[" = ", " != ", " in ", " < ", " regex ", " glob ", " pmatch ", " contains ", " exists"],
    ...[
      "anyof ",
      "(",
      ")",
      "(a, b)",
      ", ",
      "'",
      '"',
      "\\",
      "[",
      "]",
      "%",
      "*",
      "5",
      "-1",
      "1.2.3.4/8",
    ],
    ...["val(", "tolower(", "join(", "concat(", "getopt(", "len(", "b64(", " and ", " or ", "not "],
  );
  const subject = recordSubject();
  const event = readRecordEvent({ "proc.name": "a", "proc.pid": 5, "proc.aname": ["b"] }, subject);
  let soundCount = 0;
  fc.assert(
    fc.property(
      fc.array(fc.oneof(piece, fc.string({ maxLength: 3 })), { maxLength: 9 }),
      (parts) => {
        const text = parts.join("");
        const whole = wholeSource({ name: "f", text });
        compileTemplate(whole, subject.catalogue).template.format(event);
        const parsed = parseCondition(text);
        if (!parsed.ok) return;
        eventTypesOf(parsed.expr);
        const { checked, diagnostics } = createChecker(subject.catalogue).check(parsed.expr, whole);
        if (hasErrors(diagnostics)) return;
        soundCount += 1;
        createCompiler<RecordEvent>().compile(checked)(event);
        createExplainer(subject.catalogue).explain(parsed.expr, whole, event);
      },
    ),
    { numRuns: 5_000 },
  );
  t.ok(soundCount > 20, `${String(soundCount)} were right`);
  t.end();
});

/** Milliseconds that this process had the processor: what else the machine does is not measured. */
function timed(count: number, make: (i: number) => string): number {
  const text = Array.from({ length: count }, (_, i) => make(i)).join("");
  const start = process.cpuUsage();
  exercise(text);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

t.test("lists that name each other take time in proportion", (t) => {
  const make = (i: number): string => {
    const list = `- list: l${String(i)}\n  items: [l${String(i + 1)}, x${String(i)}]\n`;
    return i === 0 ? list + ruleText("proc.name in (l0, l0)") : list;
  };
  timed(100, make);
  const small = timed(500, make);
  const large = timed(4000, make);
  t.ok(large < 24 * Math.max(small, 20), `${small.toFixed(0)} and ${large.toFixed(0)} ms`);
  t.end();
});

t.test("large files take time in proportion", (t) => {
  const rows: readonly (readonly [string, (i: number) => string])[] = [
    [
      "rules",
      (i) => ruleText(`proc.name = p${String(i)} and proc.pname in (a, b)`, "", `R${String(i)}`),
    ],
    ["faulty rules", (i) => ruleText(`proc.nam = p${String(i)}`, "", `R${String(i)}`)],
    ["macros", (i) => `- macro: m${String(i)}\n  condition: proc.pid = ${String(i)}\n`],
    ["entries that are none", () => "- [\n"],
    [
      "a faulty output",
      (i) =>
        i === 0 ? "- rule: R\n  desc: d\n  condition: a\n  priority: INFO\n  output: x" : "%",
    ],
  ];
  for (const [name, make] of rows) {
    timed(100, make);
    const small = timed(500, make);
    const large = timed(2000, make);
    t.ok(
      large < 20 * Math.max(small, 20),
      `${name}: ${small.toFixed(0)} and ${large.toFixed(0)} ms`,
    );
  }
  t.end();
});
