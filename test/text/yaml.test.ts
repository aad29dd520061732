// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { readYaml, yamlLimits } from "../../daemon/text/yaml.ts";
import { yamlValue, type YamlNode, type YamlScalar } from "../../daemon/text/yaml-node.ts";

function read(text: string, multiDocument = false): ReturnType<typeof readYaml> {
  return readYaml({ name: "f.yaml", text }, { multiDocument });
}

function only(text: string): YamlNode {
  const { documents, diagnostics } = read(text);
  t.same(diagnostics, [], `reads ${JSON.stringify(text)}`);
  return documents[0]!;
}

function scalarAt(text: string, key: string): YamlScalar {
  const map = only(text);
  const value = map.kind === "map" ? yamlValue(map, key) : undefined;
  if (value?.kind !== "scalar") throw new Error(`no scalar ${key} in ${text}`);
  return value;
}

t.test("a word inside a scalar is found in the file again, however it is written", (t) => {
  const rows: readonly (readonly [string, string, string, string])[] = [
    ["plain", "a: one two\n", "two", "one two"],
    ["plain over lines", "a: one\n   two\n\n   three\n", "three", "one two\nthree"],
    ["single quoted", "a: 'it''s two'\n", "two", "it's two"],
    ["single quoted over lines", "a: 'it''s\n    two'\n", "two", "it's two"],
    ["double quoted", 'a: "o\\x6ee \\U0001F600 two"\n', "two", "one \u{1F600} two"],
    ["double quoted over lines", 'a: "one \\\n    and\n    two"\n', "two", "one and two"],
    ["literal block", "a: |\n  one\n    two\n  three\n", "three", "one\n  two\nthree\n"],
    ["folded block", "a: >\n  one\n  two\n\n  three\nb: 1\n", "three", "one two\nthree\n"],
    ["folded, stripped, with comment", "a: >- # why\n  one\n  two\n", "two", "one two"],
    ["kept block", "a: |+\n\n  one\n  two\n\nb: 1\n", "two", "\none\ntwo\n\n"],
    ["explicit indentation", "a: |1\n   one\n two\n", "two", "  one\ntwo\n"],
    ["windows line ends", "a: >\r\n  one\r\n  two\r\n", "two", "one two\n"],
    ["in a flow map", "{a: one two, b: c}\n", "two", "one two"],
  ];
  for (const [name, text, word, decoded] of rows) {
    const scalar = scalarAt(text, "a");
    t.equal(scalar.value, decoded, `${name}: decoded`);
    const at = decoded.indexOf(word);
    const span = scalar.text.spanOf(at, at + word.length);
    t.equal(text.slice(span.start, span.end), word, `${name}: located`);
  }
  t.end();
});

t.test("an escape is located as it is spelled", (t) => {
  const text = 'a: "x\\u0041y"\n';
  const span = scalarAt(text, "a").text.spanOf(1, 2);
  t.equal(text.slice(span.start, span.end), "\\u0041");
  t.end();
});

t.test("types of scalars", (t) => {
  const rows: readonly (readonly [string, string])[] = [
    ["", "null"],
    ["~", "null"],
    ["true", "boolean"],
    ["'true'", "string"],
    ["yes", "string"],
    ["12", "integer"],
    ["0x1f", "integer"],
    ["1.5", "float"],
    [".inf", "float"],
    ["1.2.3", "string"],
    ["!!str 12", "string"],
    ["|\n 12", "string"],
  ];
  for (const [text, type] of rows) t.equal(scalarAt(`a: ${text}\n`, "a").type, type, text);
  t.end();
});

t.test("structure", (t) => {
  const map = only("a: 1\na: 2\n? b\n: - x\n  - y\n");
  t.equal(map.kind, "map");
  if (map.kind !== "map") return;
  t.same(
    map.entries.map(({ key }) => key.value),
    ["a", "a", "b"],
    "repeated keys are kept",
  );
  const first = yamlValue(map, "a");
  t.match(first, { kind: "scalar", value: "1" }, "the first one wins");
  t.match(yamlValue(map, "b"), { kind: "sequence", items: [{ value: "x" }, { value: "y" }] });
  t.match(only(""), { kind: "scalar", type: "null" }, "an empty file");
  t.match(only("- &x [1]\n- *x\n"), { items: [{ kind: "sequence" }, { items: [{ value: "1" }] }] });
  const two = read("a: 1\n---\nb: 2\n", true);
  t.equal(two.documents.length, 2, "several documents where they are allowed");
  t.end();
});

t.test("faults", (t) => {
  const rows: readonly (readonly [string, string, string, string | undefined])[] = [
    ["a second document", "a: 1\n---\nb: 2\n", "yaml-syntax", "b: 2\n"],
    ["a list as key", "[a]: 1\n", "yaml-key", "[a]"],
    ["an unknown anchor", "a: *x\n", "yaml-alias", "*x"],
    ["an anchor inside itself", "a: &x [*x]\n", "yaml-alias", "*x"],
    ["an open quote", 'a: "b\n', "yaml-syntax", undefined],
    ["a tab as indentation", "a:\n\tb: 1\n", "yaml-syntax", undefined],
    ["too deep", "[".repeat(50_000), "yaml-limit", "["],
    ["too large", " ".repeat(yamlLimits.sizeMax + 1), "yaml-limit", undefined],
    ["the billion laughs", laughs(), "yaml-limit", undefined],
  ];
  for (const [name, text, code, place] of rows) {
    const { documents, diagnostics } = read(text);
    t.same(documents, [], `${name}: nothing is used`);
    const [first] = diagnostics;
    t.equal(first?.code, code, name);
    t.match(first?.message, /^cannot /, name);
    if (place === undefined) continue;
    t.equal(text.slice(first?.span?.start, first?.span?.end), place, `${name}: place`);
  }
  t.end();
});

function laughs(): string {
  let text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (let i = 1; i < 9; i++) {
    const alias = `*a${String(i - 1)}`;
    text += `a${String(i)}: &a${String(i)} [${Array(10).fill(alias).join(", ")}]\n`;
  }
  return text;
}
