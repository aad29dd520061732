// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { flowText, splitEntries } from "../../daemon/text/yaml-flow.ts";
import { readYaml } from "../../daemon/text/yaml.ts";
import type { YamlNode } from "../../daemon/text/yaml-node.ts";

/** A node without its places. */
function plain(node: YamlNode): unknown {
  switch (node.kind) {
    case "map":
      return node.entries.map(({ key, value }) => [plain(key), plain(value)]);
    case "sequence":
      return { items: node.items.map(plain) };
    case "scalar":
      return `${node.type} ${node.value}`;
  }
}

function read(text: string): unknown {
  const { documents, diagnostics } = readYaml({ name: "x", text }, { multiDocument: true });
  return diagnostics.length > 0 ? diagnostics : documents.map(plain);
}

const texts: readonly (readonly [name: string, text: string])[] = [
  ["scalars of every type", "[1, 0x1F, 1.50, 1e3, true, null, ~, yes, 0777, '1', \"\"]"],
  ["a key without a value", "{a: , b: 1}"],
  ["a block text with breaks, quotes and tabs", "a: |\n  one \"two\"\n\n  'three'\t{[]},: #\n"],
  ["a folded text", "a: >\n  one\n  two\n\n  three\n"],
  ["separators that are no line breaks in JSON", 'a: "x\\u2028y\\u0085z\\u2029"'],
  ["an anchor and its aliases", "a: &x [1, {b: c}]\nd: *x\n"],
  ["repeated keys and keys of other types", "{1: a, 1: b, true: c, 'x y': d}"],
  [
    "text that looks like something else when it is not quoted",
    "['- a', 'a: b', '# c', '*d', ' ']",
  ],
  ["empty things", "[{}, [], '']"],
];

for (const [name, text] of texts) {
  t.test(`written on one line, the same is read: ${name}`, (t) => {
    const { documents, diagnostics } = readYaml({ name: "x", text });
    t.strictSame(diagnostics, []);
    const [document] = documents;
    const line = document === undefined ? "" : flowText(document);
    t.notMatch(line, /[\n\u2028\u2029\u0085]/);
    t.strictSame(read(line), read(text));
    t.end();
  });
}

t.test("a list is split into its entries, over all documents", (t) => {
  const pieces = splitEntries({ name: "r.yaml", text: "- a: 1\n- b\n---\n- c: [2]\n" });
  t.strictSame(
    pieces.map(({ name, text }) => [name, text]),
    [
      ["r.yaml", '[{"a": 1}]'],
      ["r.yaml", '["b"]'],
      ["r.yaml", '[{"c": [2]}]'],
    ],
  );
  t.end();
});

t.test("a list under a key is split too, and keeps its key", (t) => {
  const pieces = splitEntries(
    { name: "p", text: "policies:\n  - name: a\n  - name: b\n" },
    "policies",
  );
  t.strictSame(
    pieces.map(({ text }) => text),
    ['policies: [{"name": "a"}]', 'policies: [{"name": "b"}]'],
  );
  t.end();
});

for (const [name, text, key] of [
  ["another form", "rule: x\n", undefined],
  ["an empty list", "policies: []\n", "policies"],
  ["a second key", "policies: [{name: a}]\nmore: 1\n", "policies"],
  ["nothing", "", undefined],
] as const) {
  t.test(`a file stays whole with ${name}`, (t) => {
    const source = { name: "x", text };
    t.strictSame(splitEntries(source, key), [source]);
    t.end();
  });
}
