// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import t from "tap";
import { printCondition } from "../../daemon/lang/print.ts";
import { layoutCondition } from "../../daemon/rules/condition-layout.ts";
import { formatRuleFile } from "../../daemon/rules/format.ts";
import { loadRules } from "../../daemon/rules/load.ts";

function format(text: string): string {
  const result = formatRuleFile({ name: "r.yaml", text });
  if (result.text === undefined) throw new Error(result.diagnostics[0]?.message);
  return result.text;
}

const long =
  "evt.type in (execve, execveat) and container and not (proc.name = a or proc.name = b)";

const rows: readonly (readonly [name: string, before: string, after: string])[] = [
  [
    "keys in order, comments with their keys",
    `# of the file
- output: "o %proc.name" # of the output
  # of the priority
  priority: INFO
  rule:   R
  zzz: 1
  tags:
      - b
      - a
  desc: d
  condition: proc.name  =  x
`,
    `# of the file
- rule: R
  desc: d
  condition: proc.name = x
  output: "o %proc.name" # of the output
  # of the priority
  priority: INFO
  tags:
    - b
    - a
  zzz: 1
`,
  ],
  [
    "one clause a line, and one empty line between entries",
    `- macro: a
  condition: (${long})
- macro: b
  condition: ${long} or ( x  and  y )
# of c


- list: c
  items: [a,b]
`,
    `- macro: a
  condition: >-
    (${long})

- macro: b
  condition: >-
    evt.type in (execve, execveat)
    and container
    and not (proc.name = a or proc.name = b)
    or (x and y)

# of c

- list: c
  items: [a, b]
`,
  ],
  [
    "a block stays one, with its end and its comment",
    "- macro: a\n  condition: > # why\n       a\n         and b\n",
    "- macro: a\n  condition: > # why\n    a and b\n",
  ],
  [
    "what is appended is a part of a condition",
    "- macro: a\n  append: true\n  condition:  or   proc.name = x\n",
    "- macro: a\n  condition: or proc.name = x\n  append: true\n",
  ],
  [
    "quoted text and what cannot be laid out stay as they are",
    `- macro: a\n  condition: proc.name = "a  b and c"\n- macro: b\n  condition: proc.name = "x\n`,
    `- macro: a\n  condition: proc.name = "a  b and c"\n\n- macro: b\n  condition: proc.name = "x\n`,
  ],
  [
    "keys stay where aliases are",
    "- rule: R\n  output: &o x\n  desc: *o\n",
    "- rule: R\n  output: &o x\n  desc: *o\n",
  ],
  ["nothing stays nothing", "- rule: R\n  tags:\n  desc: ~\n", "- rule: R\n  desc: ~\n  tags:\n"],
  [
    "several documents",
    "- list: a\n  items: []\n---\n-  list: b\n",
    "- list: a\n  items: []\n---\n- list: b\n",
  ],
  ["a file of comments", "# nothing\n", "# nothing\n"],
];

for (const [name, before, after] of rows) {
  t.test(name, (t) => {
    t.equal(format(before), after);
    t.equal(format(after), after, "once laid out it stays");
    t.end();
  });
}

t.test("no YAML is refused with the place", (t) => {
  const { text, diagnostics } = formatRuleFile({ name: "r", text: "- a: [\n" });
  t.equal(text, undefined);
  t.match(diagnostics, [{ code: "yaml-syntax" }]);
  t.end();
});

t.test("a condition that is laid out has the same words", (t) => {
  const pieces = [
    "(",
    ")",
    "and",
    "or",
    "not",
    ",",
    "=",
    " ",
    "  ",
    "\n",
    "\t",
    '"a b"',
    "'",
    "\\",
  ];
  const text = fc.array(fc.constantFrom(...pieces, "proc.name", "x"), { maxLength: 40 });
  const property = fc.property(text, fc.integer({ min: 1, max: 60 }), (parts, width) => {
    const before = parts.join("");
    const after = layoutCondition(before, width)?.join(" ");
    if (after === undefined) return true;
    const words = (of: string): string => of.replaceAll(/[ \t\r\n]+/g, "");
    return words(before) === words(after) && layoutCondition(after, width)?.join(" ") === after;
  });
  fc.assert(property, { numRuns: 2000, seed: 7 });
  t.pass();
  t.end();
});

const directory = process.env["EXECWARDEN_UPSTREAM_RULES"];
const shipped = new URL("../../rules/", import.meta.url).pathname;
for (const folder of [shipped, ...(directory === undefined ? [] : [directory])]) {
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".yaml"))) {
    t.test(`${name}: the same rules before and after`, (t) => {
      const before = readFileSync(join(folder, name), "utf8");
      const after = format(before);
      t.equal(format(after), after, "once laid out it stays");
      const comments = (text: string): number => text.match(/^\s*#/gm)?.length ?? 0;
      t.equal(comments(after), comments(before), "no comment is lost");
      t.strictSame(conditionsOf(after), conditionsOf(before));
      t.end();
    });
  }
}

/** Every rule's condition and output, with all in place. */
function conditionsOf(text: string): readonly unknown[] {
  const { compilation } = loadRules({ files: [{ name: "r.yaml", text }] });
  return compilation.rules.map(({ rule, expr }) => [
    ...[rule.name, rule.outputText, rule.tags, rule.priority, rule.isEnabled],
    expr && printCondition(expr),
  ]);
}
