// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import type { Diagnostic } from "../../daemon/text/diagnostic.ts";
import { diagnosticsToJson } from "../../daemon/text/render.ts";
import { duration, readWithSchema, toJsonSchema, z } from "../../daemon/text/schema.ts";

const schema = z.strictObject({
  mode: z.enum(["monitor", "enforce"]).default("monitor"),
  name: z.string().optional(),
  count: z.int().min(1).max(10).optional(),
  wait: duration({ min: "10ms", max: "10s" }).optional(),
  labels: z.record(z.string(), z.string()).optional(),
  later: z.never({ error: "cannot use later yet" }).optional(),
  items: z
    .array(z.union([z.literal("deny"), z.strictObject({ kill: z.enum(["container", "process"]) })]))
    .min(1)
    .optional(),
});

function read(text: string): ReturnType<typeof readWithSchema<z.output<typeof schema>>> {
  return readWithSchema({ name: "f", text }, schema);
}

function lines(diagnostics: readonly Diagnostic[]): readonly string[] {
  return diagnosticsToJson(diagnostics).map(
    ({ place, code, message }) => `${place?.line ?? 0}:${place?.column ?? 0} ${code}: ${message}`,
  );
}

const faults: readonly [name: string, text: string, lines: readonly string[]][] = [
  [
    "a word near a known one",
    "mode: enfroce",
    [
      '1:7 wrong-value: cannot read "mode": expected monitor or enforce, got "enfroce"; did you mean "enforce"?',
    ],
  ],
  [
    "an unknown key near a known one",
    "name: a\nmod: x",
    ['2:1 unknown-key: cannot use the key "mod" here: did you mean "mode"?'],
  ],
  [
    "an unknown key without a value",
    "mod:",
    ['1:1 unknown-key: cannot use the key "mod" here: did you mean "mode"?'],
  ],
  [
    "an unknown key near none: a key that is always refused is not offered",
    "zzzzzz: 1",
    [
      '1:1 unknown-key: cannot use the key "zzzzzz" here: known keys are count, items, labels, mode, name, wait',
    ],
  ],
  [
    "a number where text is due",
    "name: 1.0",
    ['1:7 wrong-value: cannot read "name": expected text, got 1.0: put it in quotes'],
  ],
  [
    "text where a number is due",
    'count: "3"',
    ['1:8 wrong-value: cannot read "count": expected a number, got "3"'],
  ],
  [
    "a fraction",
    "count: 1.5",
    ['1:8 wrong-value: cannot read "count": expected a whole number, got 1.5'],
  ],
  ["too small", "count: 0", ['1:8 wrong-value: cannot read "count": expected at least 1, got 0']],
  ["too big", "count: 11", ['1:8 wrong-value: cannot read "count": expected at most 10, got 11']],
  [
    "a duration out of bounds",
    "wait: 1h",
    [
      '1:7 wrong-value: cannot read "wait": expected a duration from 10ms to 10s, such as 10s, got "1h"',
    ],
  ],
  [
    "a duration without a unit",
    "wait: 250",
    [
      '1:7 wrong-value: cannot read "wait": expected a duration from 10ms to 10s, such as 10s, got 250',
    ],
  ],
  ["the schema's own words", "later: [1]", ["1:8 wrong-value: cannot use later yet"]],
  [
    "a map for a list",
    "items: { kill: x }",
    ['1:8 wrong-value: cannot read "items": expected a list, got a map'],
  ],
  [
    "an empty list",
    "items: []",
    ['1:8 wrong-value: cannot read "items": expected at least one item, got an empty list'],
  ],
  [
    "an item that fits no alternative",
    "items: [deny, 3]",
    ['1:15 wrong-value: cannot read item 2 of "items": expected deny or a map, got 3'],
  ],
  [
    "an item that is meant for one alternative",
    "items:\n  - kill: proces",
    [
      '2:11 wrong-value: cannot read "kill": expected container or process, got "proces"; did you mean "process"?',
    ],
  ],
  [
    "an unknown key inside an alternative, and what is missing for it",
    "items: [{ kil: process }]",
    [
      '1:11 missing-key: cannot find "kill": expected container or process',
      '1:11 unknown-key: cannot use the key "kil" here: did you mean "kill"?',
    ],
  ],
  [
    "a value of a free map",
    "labels: { a: 1, b: }",
    [
      '1:14 wrong-value: cannot read "labels.a": expected text, got 1: put it in quotes',
      '1:17 missing-key: cannot find "labels.b": expected text',
    ],
  ],
  [
    "a repeated key",
    "mode: monitor\nmode: enforce",
    ['2:1 repeated-key: cannot use the key "mode" twice in one map: remove one of them'],
  ],
  [
    "a repeated key whose first value is wrong too",
    "mode: x\nmode: enforce",
    [
      '1:7 wrong-value: cannot read "mode": expected monitor or enforce, got "x"',
      '2:1 repeated-key: cannot use the key "mode" twice in one map: remove one of them',
    ],
  ],
  [
    "a repeated key deep down",
    "items:\n  - { kill: process, kill: container }",
    ['2:22 repeated-key: cannot use the key "kill" twice in one map: remove one of them'],
  ],
  [
    "text instead of a map",
    "hello",
    ['1:1 wrong-value: cannot read the file: expected a map, got "hello"'],
  ],
  [
    "a key from the prototype",
    "__proto__: 1\nconstructor: 2",
    [
      '1:1 unknown-key: cannot use the key "__proto__" here: known keys are count, items, labels, mode, name, wait',
      '2:1 unknown-key: cannot use the key "constructor" here: known keys are count, items, labels, mode, name, wait',
    ],
  ],
  [
    "everything at once, sorted",
    "wait: 1d\nmode: x\ncount: 0\nmod: 1\nname: [a]",
    [
      '1:7 wrong-value: cannot read "wait": expected a duration from 10ms to 10s, such as 10s, got "1d"',
      '2:7 wrong-value: cannot read "mode": expected monitor or enforce, got "x"',
      '3:8 wrong-value: cannot read "count": expected at least 1, got 0',
      '4:1 unknown-key: cannot use the key "mod" here: did you mean "mode"?',
      '5:7 wrong-value: cannot read "name": expected text, got a list',
    ],
  ],
];

for (const [name, text, expected] of faults) {
  t.test(name, (t) => {
    const { value, diagnostics } = read(text);
    t.same(lines(diagnostics), expected);
    t.equal(value, undefined, "a file with faults has no value");
    t.end();
  });
}

t.test("a file that is not YAML has no tree", (t) => {
  const { root, value, diagnostics } = read("a: [");
  t.equal(root, undefined);
  t.equal(value, undefined);
  t.match(lines(diagnostics), [/yaml-syntax/]);
  t.end();
});

t.test("a repeated key notes where the first one is", (t) => {
  const [diagnostic] = read("mode: monitor\nmode: enforce").diagnostics;
  t.match(diagnostic?.notes, [{ message: "first defined here", span: { start: 0, end: 4 } }]);
  t.end();
});

t.test("values that hold", (t) => {
  const rows: readonly [name: string, text: string, value: unknown][] = [
    ["an empty file takes the defaults", "", { mode: "monitor" }],
    ["so does a file of comments", "# nothing\n", { mode: "monitor" }],
    ["a key without a value counts as left out", "mode:\n", { mode: "monitor" }],
    ["durations become milliseconds", "wait: 250ms", { mode: "monitor", wait: 250 }],
    ["quoted numbers are text", 'name: "1.0"', { mode: "monitor", name: "1.0" }],
    [
      "alternatives",
      "items: [deny, { kill: process }]",
      { mode: "monitor", items: ["deny", { kill: "process" }] },
    ],
  ];
  for (const [name, text, value] of rows) {
    const result = read(text);
    t.same(result.diagnostics, [], name);
    t.strictSame({ ...result.value }, value, name);
  }
  t.end();
});

t.test("the JSON Schema describes what is written, not what is read", (t) => {
  t.match(toJsonSchema(schema), {
    properties: {
      mode: { enum: ["monitor", "enforce"], default: "monitor" },
      wait: { type: "string", pattern: String },
    },
    additionalProperties: false,
  });
  t.end();
});
