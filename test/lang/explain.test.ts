// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { expandMacros, type ExpandedMacro } from "../../daemon/lang/expand.ts";
import { createExplainer, type Explanation } from "../../daemon/lang/explain.ts";
import { parseCondition } from "../../daemon/lang/parser.ts";
import { wholeSource } from "../../daemon/text/located-text.ts";
import { holds, recordCatalogue, type RecordSubject } from "./record-subject.ts";

function parse(text: string) {
  const parsed = parseCondition(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.fault.message}`);
  return parsed.expr;
}

function explain(
  text: string,
  subject: RecordSubject,
  macros: Readonly<Record<string, string>> = {},
): Explanation {
  const find = (name: string): ExpandedMacro | undefined => {
    const body = macros[name];
    if (body === undefined) return undefined;
    return { name, text: wholeSource({ name, text: body }), body: parse(body), depth: 1 };
  };
  const source = wholeSource({ name: "c", text });
  const { expr } = expandMacros(parse(text), source, { find, names: () => [] });
  return createExplainer(recordCatalogue).explain(expr, source, subject);
}

/** `and- (check+ t.str=x, …)`: kinds, truth and values, for a row. */
function shape(part: Explanation): string {
  const sign = part.holds ? "+" : "-";
  switch (part.kind) {
    case "and":
    case "or":
      return `${part.kind}${sign} (${part.parts.map(shape).join(", ")})`;
    case "not":
      return `not${sign} ${shape(part.part)}`;
    case "macro":
      return `${part.name}${sign} ${shape(part.part)}`;
    case "check":
      return `${sign}${part.operands
        .map(
          ({ name, value, isNeverFilled }) => `${name}=${isNeverFilled ? "never" : String(value)}`,
        )
        .join(" ")}`;
  }
}

const rows: [name: string, condition: string, subject: RecordSubject, expected: string][] = [
  ["a check with its value", "t.str = x", { "t.str": "x" }, "+t.str=x"],
  ["a value that differs", "t.str = x", { "t.str": "y" }, "-t.str=y"],
  ["no value", "t.str != x", {}, "-t.str=undefined"],
  ["a field that never has one", "t.empty = x", {}, "-t.empty=never"],
  ["an argument", "t.arg[a] = x", { "t.arg[a]": "x" }, "+t.arg[a]=x"],
  [
    "all parts, also behind the one that decides",
    "t.str = x and t.i32 > 3 and not t.other exists",
    { "t.str": "y", "t.i32": 4 },
    "and- (-t.str=y, +t.i32=4, not+ -t.other=undefined)",
  ],
  ["any", "t.str = x or t.str = y", { "t.str": "y" }, "or+ (-t.str=y, +t.str=y)"],
  [
    "a field on the right",
    "t.str = val(t.other)",
    { "t.str": "a", "t.other": "b" },
    "-t.str=a t.other=b",
  ],
  ["a transformer", "toupper(t.str) = X", { "t.str": "x" }, "+toupper(t.str)=X"],
  ["several values", "t.any = b", { "t.any": ["a", "b"] }, "+t.any=a,b"],
  ["exists", "t.str exists", { "t.str": "" }, "+t.str="],
];
for (const [name, condition, subject, expected] of rows) {
  t.test(name, (t) => {
    const explanation = explain(condition, subject);
    t.equal(shape(explanation), expected);
    t.equal(explanation.holds, holds(condition, subject), "the compiled condition says the same");
    t.end();
  });
}

t.test("a macro is named, and its ranges lead into its own text", (t) => {
  const explanation = explain(
    "quick and t.i32 = 1",
    { "t.str": "x", "t.i32": 1 },
    { quick: "t.str in (x, y)" },
  );
  t.equal(shape(explanation), "and+ (quick+ +t.str=x, +t.i32=1)");
  const [macro] = explanation.kind === "and" ? explanation.parts : [];
  if (macro?.kind !== "macro") throw new Error("no macro");
  const { start, end } = macro.part.range;
  t.equal(macro.text.value.slice(start, end), "t.str in (x, y)");
  t.end();
});

t.test("an explainer gives the same answer twice, and another for another subject", (t) => {
  const source = wholeSource({ name: "c", text: "t.str = x" });
  const expr = parse(source.value);
  const explainer = createExplainer(recordCatalogue);
  t.ok(explainer.explain(expr, source, { "t.str": "x" }).holds);
  t.notOk(explainer.explain(expr, source, { "t.str": "y" }).holds);
  t.end();
});

t.test("many values are cut", (t) => {
  const many = Array.from({ length: 100 }, (_, i) => `v${i}`);
  const explanation = explain("t.any = none", { "t.any": many });
  t.equal(
    explanation.kind === "check" && String(explanation.operands[0]?.value).split(",").length,
    16,
  );
  t.end();
});
