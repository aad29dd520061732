// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { answerLine } from "../../daemon/cli/machine/run.ts";
import { memberOf } from "../../daemon/util/unknown-value.ts";
import { ruleText } from "../rules/load-text.ts";
import { ask } from "./ask-machine.ts";

t.test("a case never ends the stream", async (t) => {
  const answers = await ask("parse", ["junk", { id: 2 }, "", { id: 3, input: "a and not b" }]);
  t.match(answers, [
    { id: null, error: { code: "bad-case" } },
    { id: 2, error: { code: "bad-case" } },
    { id: 3, ok: true, canonical: "(a and not b)" },
  ]);
  const thrown = answerLine('{"id":1}', () => {
    throw new Error("broken");
  });
  t.match(JSON.parse(thrown), { id: 1, error: { code: "internal", message: "broken" } });
});

t.test("every line has an answer, whatever is in it", (t) => {
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  const echo = (input: unknown): object => ({ input: memberOf(input, "x") });
  const rows: readonly (readonly [line: string, answer: string])[] = [
    ["null", '{"id":null}'],
    ["5", '{"id":null}'],
    ["[]", '{"id":null}'],
    ["{", "bad-case"],
    ['{"id":1} x', "bad-case"],
    ['{"id":01}', "bad-case"],
    ['{"id":00000000000000012345}', "bad-case"],
    ['\ufeff{"id":1}', '{"id":1}'],
    ['{"id":1}\r', '{"id":1}'],
    ['{"id":{"a":[1]}}', '{"id":{"a":[1]}}'],
    ['{"id":12345678901234567890}', '{"id":12345678901234567890}'],
    ['{"id":-9007199254740993}', '{"id":-9007199254740993}'],
    ['{"id":9007199254740991}', '{"id":9007199254740991}'],
    [
      '{"id":1,"x":[1e30,12345678901234567,0.1234567890123456789]}',
      "[1e+30,12345678901234567,0.12345678901234568]",
    ],
    ['{"id":"12345678901234567890"}', '{"id":"12345678901234567890"}'],
    [String.raw`{"id":"\u000012345678901234567"}`, String.raw`{"id":"\u000012345678901234567"}`],
    [String.raw`{"id":"\ud800x\udc00"}`, '{"id":"\ufffdx\ufffd"}'],
    [String.raw`{"id":"\ud83d\ude00"}`, '{"id":"😀"}'],
    ['{"id":1,"id":2}', '{"id":2}'],
    ['{"__proto__":{"id":1}}', '{"id":null}'],
    [`{"id":${deep}}`, '{"id":null}'],
    [`{"id":3,"x":${deep}}`, '"id":3,"error":{"code":"internal"'],
  ];
  for (const [line, answer] of rows) {
    const shown = answerLine(line, echo);
    t.ok(shown.includes(answer), `${line.slice(0, 60)}: ${shown.slice(0, 100)}`);
  }
  t.match(answerLine(undefined, echo), "too long");
  t.end();
});

t.test("eval", async (t) => {
  const rows: readonly (readonly [string, object, object])[] = [
    [
      "lists and macros",
      {
        condition: "m",
        lists: { l: ["a b"] },
        macros: { m: "proc.name in (l)" },
        event: { "proc.name": "a b" },
      },
      { match: true },
    ],
    [
      "exceptions",
      {
        condition: "proc.name = a",
        exceptions: [{ name: "e", fields: ["proc.pname"], values: [["b"]] }],
        event: { "proc.name": "a", "proc.pname": "b" },
      },
      { match: false },
    ],
    [
      "a declared field",
      { condition: "my.f > 2", fields: { "my.f": { type: "u64" } }, event: { "my.f": "3" } },
      { match: true },
    ],
    [
      "either end",
      { condition: "fd.ip = 1.2.3.4", event: { "fd.sip": "1.2.3.4" } },
      { match: true },
    ],
    [
      "an unknown field",
      { condition: "evt.num = 1 and proc.nam = x", event: {} },
      { error: { code: "LOAD_ERR_COMPILE_CONDITION", line: 1, column: 17 } },
    ],
    ["an unknown macro", { condition: "x", event: {} }, { error: { code: "LOAD_ERR_VALIDATE" } }],
  ];
  const answers = await ask(
    "eval",
    rows.map(([id, input]) => ({ id, ...input })),
  );
  rows.forEach(([id, , expected], i) => t.match(answers[i], { id, ...expected }, id));
  const big =
    '{"id":9,"condition":"proc.pid = 9007199254740993","event":{"proc.pid":9007199254740993}}';
  t.match(await ask("eval", [big]), [{ id: 9, match: true }]);
});

t.test("load tells Falco's codes", async (t) => {
  const rule = (condition: string, more = "", name = "R"): string =>
    ruleText(`evt.type = execve and ${condition}`, more, name);
  const ok = rule("proc.name = a");
  const except = (keys: string): string => `  exceptions:\n    - name: e\n${keys}`;
  const rows: readonly (readonly [
    string,
    readonly string[],
    readonly string[],
    readonly string[],
  ])[] = [
    ["a right file", [ok], [], []],
    ["no YAML", ["- rule: [\n"], ["LOAD_ERR_YAML_PARSE"], []],
    ["no list of entries", ["rule: R\n"], ["LOAD_ERR_YAML_VALIDATE"], []],
    ["an entry that is no map", ["- rule\n"], ["LOAD_ERR_YAML_VALIDATE"], []],
    ["a key missing", ["- rule: R\n  condition: a\n"], ["LOAD_ERR_YAML_VALIDATE"], []],
    ["a priority", [ok.replace("INFO", "WARN")], ["LOAD_ERR_YAML_VALIDATE"], []],
    ["items that are no list", ["- list: l\n  items: a\n"], ["LOAD_ERR_YAML_VALIDATE"], []],
    [
      "append and override",
      ["- list: l\n  items: []\n  append: true\n  override: {items: append}\n"],
      ["LOAD_ERR_YAML_VALIDATE"],
      ["LOAD_DEPRECATED_ITEM"],
    ],
    [
      "an override of nothing there",
      [ok + "- rule: R\n  override: {output: replace}\n"],
      ["LOAD_ERR_YAML_VALIDATE"],
      [],
    ],
    [
      "an override before its rule",
      ["- rule: R\n  output: x\n  override: {output: replace}\n"],
      ["LOAD_ERR_VALIDATE"],
      [],
    ],
    [
      "an append without a list",
      ["- list: l\n  items: []\n  override: {items: append}\n"],
      ["LOAD_ERR_VALIDATE"],
      [],
    ],
    [
      "a replaced list needs none",
      ["- list: l\n  items: []\n  override: {items: replace}\n"],
      [],
      ["LOAD_UNUSED_LIST"],
    ],
    [
      "a toggle without a rule",
      ["- rule: R\n  enabled: false\n"],
      ["LOAD_ERR_VALIDATE"],
      ["LOAD_DEPRECATED_ITEM"],
    ],
    ["a toggle", [ok, "- rule: R\n  enabled: false\n"], [], ["LOAD_DEPRECATED_ITEM"]],
    ["a newer engine", ["- required_engine_version: 64\n"], ["LOAD_ERR_VALIDATE"], []],
    ["this engine", ["- required_engine_version: 0.63.0\n"], [], []],
    [
      "a version that is none",
      ["- required_engine_version: new\n"],
      ["LOAD_ERR_YAML_VALIDATE"],
      [],
    ],
    [
      "a plugin version that is none",
      ["- required_plugin_versions: [{name: a, version: x}]\n"],
      ["LOAD_ERR_VALIDATE"],
      [],
    ],
    ["no list of plugins", ["- required_plugin_versions: a\n"], ["LOAD_ERR_YAML_VALIDATE"], []],
    [
      "a plugin twice",
      [
        "- required_plugin_versions: [{name: a, version: 1.0.0, alternatives: [{name: a, version: 1.0.0}]}]\n",
      ],
      ["LOAD_ERR_VALIDATE"],
      [],
    ],
    ["a syntax error", [rule("(")], ["LOAD_ERR_COMPILE_CONDITION"], []],
    ["an unknown field", [rule("proc.nam = a")], ["LOAD_ERR_COMPILE_CONDITION"], []],
    ["an output", [ok.replace("output: o", "output: '%'")], ["LOAD_ERR_COMPILE_OUTPUT"], []],
    [
      "an output before a condition",
      [rule("proc.nam = a").replace("output: o", "output: '%x.y'")],
      ["LOAD_ERR_COMPILE_OUTPUT"],
      [],
    ],
    ["an unknown macro", [rule("m")], ["LOAD_ERR_VALIDATE"], []],
    ["a macro in itself", ["- macro: m\n  condition: not m\n"], ["LOAD_ERR_VALIDATE"], []],
    [
      "a broken macro before an unknown one",
      ["- macro: m\n  condition: x\n- macro: n\n  condition: (\n"],
      ["LOAD_ERR_COMPILE_CONDITION"],
      [],
    ],
    ["a changed source", [ok + rule("proc.name = b", "  source: x\n")], ["LOAD_ERR_VALIDATE"], []],
    ["an unknown source", [rule("ka.x = b", "  source: k8s\n")], [], ["LOAD_UNKNOWN_SOURCE"]],
    ["no event type", [ruleText("proc.name = a")], [], ["LOAD_NO_EVTTYPE"]],
    ["no event type, not minded", [ruleText("proc.name = a", "  warn_evttypes: false\n")], [], []],
    [
      "skipped for a field",
      [rule("proc.nam = a", "  skip-if-unknown-filter: true\n")],
      [],
      ["LOAD_UNKNOWN_FILTER"],
    ],
    [
      "unused",
      ["- macro: m\n  condition: evt.num = 1\n- list: l\n  items: [a]\n"],
      [],
      ["LOAD_UNUSED_LIST", "LOAD_UNUSED_MACRO"],
    ],
    ["an unknown entry", ["- nothing: 1\n"], [], ["LOAD_UNKNOWN_ITEM"]],
    [
      "unknown keys, one each",
      [rule("proc.name = a", "  a: 1\n  b: 1\n")],
      [],
      ["LOAD_UNKNOWN_KEY", "LOAD_UNKNOWN_KEY"],
    ],
    [
      "names",
      ["- macro: a-b\n  condition: evt.num = 1\n- list: a b\n  items: []\n"],
      [],
      [
        "LOAD_INVALID_LIST_NAME",
        "LOAD_INVALID_MACRO_NAME",
        "LOAD_UNUSED_LIST",
        "LOAD_UNUSED_MACRO",
      ],
    ],
    [
      "a deprecated field twice",
      [rule("evt.dir = < and not evt.dir = x")],
      [],
      ["LOAD_DEPRECATED_ITEM"],
    ],
    [
      "a deprecated field in an output",
      [ok.replace("output: o", "output: '%evt.latency.ns'")],
      [],
      ["LOAD_DEPRECATED_ITEM", "LOAD_DEPRECATED_ITEM"],
    ],
    [
      "%container.info",
      [ok.replace("output: o", "output: a %container.info b")],
      [],
      ["LOAD_DEPRECATED_ITEM"],
    ],
    ["a plain regex", [rule("proc.name regex a.*")], [], ["LOAD_COMPILE_CONDITION"]],
    ["a field as text", [rule("proc.name = proc.pname")], [], ["LOAD_COMPILE_CONDITION"]],
    [
      "an exception without fields",
      [rule("evt.num = 1", except("      values: [a]\n"))],
      ["LOAD_ERR_YAML_VALIDATE"],
      [],
    ],
    [
      "an exception with an unknown field",
      [rule("evt.num = 1", except("      fields: [proc.nam]\n"))],
      ["LOAD_ERR_VALIDATE"],
      [],
    ],
    [
      "an exception without a name",
      [rule("evt.num = 1", "  exceptions: [{fields: [a]}]\n")],
      ["LOAD_ERR_YAML_VALIDATE"],
      [],
    ],
    ["exceptions may be nothing", [rule("evt.num = 1", "  exceptions:\n")], [], []],
    [
      "one name twice",
      [
        rule(
          "evt.num = 1",
          except("      fields: [proc.name]\n    - name: e\n      fields: [proc.name]\n"),
        ),
      ],
      [],
      ["LOAD_EXCEPTION_NAME_NOT_UNIQUE"],
    ],
    [
      "an addition without values",
      [
        rule("evt.num = 1", except("      fields: [proc.name]\n")),
        "- rule: R\n  exceptions: [{name: e}]\n  override: {exceptions: append}\n",
      ],
      [],
      ["LOAD_APPEND_NO_VALUES"],
    ],
    [
      "replaced exceptions are not completed",
      [
        ok,
        "- rule: R\n  exceptions: [{name: e, fields: proc.name, values: [a]}]\n  override: {exceptions: replace}\n",
      ],
      ["LOAD_ERR_COMPILE_CONDITION"],
      [],
    ],
    [
      "warnings are repeated by each file",
      [ruleText("proc.name = a"), ok.replace("rule: R", "rule: S")],
      [],
      ["LOAD_NO_EVTTYPE"],
    ],
    ["a file that fails ends it", ["- rule\n", ok], ["LOAD_ERR_YAML_VALIDATE"], []],
    ["an empty document ends the reading", ["---\n---\n- rule\n"], [], []],
  ];
  const answers = await ask(
    "load",
    rows.map(([id, files]) => ({ id, files })),
  );
  rows.forEach(([id, , errors, warnings], i) => {
    const answer = answers[i] as { errors: string[]; warnings: string[]; ok: boolean };
    t.same(answer.errors, errors, id);
    t.same(answer.warnings, warnings, `${id}: warnings`);
    t.equal(answer.ok, errors.length === 0);
  });
});

t.test("what load tells of the content", async (t) => {
  const text =
    "- list: l\n  items: [b c, a]\n- macro: m\n  condition: proc.name in (l)\n" +
    ruleText("m and evt.type = execve", "  tags: [y, x]\n  enabled: false\n");
  const [answer] = await ask("load", [
    {
      files: [text],
      append_output: [{ match: { tags: ["x"] }, extra_output: "%proc.pid" }],
      selection: [{ enable: { tag: "x" } }],
      plugins: [],
    },
  ]);
  t.match(answer, {
    ok: true,
    plugins_ok: true,
    rules: {
      R: {
        condition: '(proc.name in ("b c", a) and evt.type = execve)',
        enabled: false,
        priority: "Informational",
        output: "o %proc.pid",
        tags: ["x", "y"],
        source: "syscall",
      },
    },
    lists: { l: ["b c", "a"] },
    macros: { m: 'proc.name in ("b c", a)' },
    enabled_after_selection: ["R"],
    enabled_count: 1,
  });
  const [without] = await ask("load", [
    { files: [ruleText("container.id = a and evt.type = execve")], no_container: true },
  ]);
  t.match(without, { ok: false, errors: ["LOAD_ERR_COMPILE_CONDITION"] });
});

t.test("match and evttypes and format", async (t) => {
  const files = [
    ruleText("proc.name = a", "  tags: [x]\n", "A") + ruleText("proc.name = a", "", "B"),
  ];
  const event = { "proc.name": "a" };
  t.match(
    await ask("match", [
      { id: 1, files, event },
      { id: 2, files, event, strategy: "all" },
      { id: 3, files, event, strategy: "all", min_priority: "notice" },
      {
        id: 4,
        files,
        event,
        strategy: "all",
        selection: [{ disable: { rule: "*" } }, { enable: { tag: "x" } }],
      },
    ]),
    [
      { id: 1, rules: ["A"] },
      { id: 2, rules: ["A", "B"] },
      { id: 3, rules: [] },
      { id: 4, rules: ["A"] },
    ],
  );
  t.match(
    await ask("evttypes", [
      { id: 1, condition: "evt.type in (open, execve) and not evt.type = open" },
      { id: 2, condition: "proc.name = a" },
    ]),
    [
      { id: 1, all_or_most: false, names: ["execve"] },
      { id: 2, all_or_most: true },
    ],
  );
  const alert = {
    kind: "alert",
    format: "*%proc.name",
    rule: "R",
    priority: "info",
    tags: ["b", "a"],
  };
  t.match(
    await ask("format", [
      { id: 1, kind: "text", format: "*%proc.name %proc.pname", event },
      { id: 2, kind: "text", format: "%proc.name %proc.pname", event },
      { id: 3, kind: "text", format: "%", event },
      { id: 4, ...alert, json: true, event: { ...event, $ts: 1_700_000_000_000 } },
      { id: 5, ...alert, event: { "proc.name": 'a"\n', $ts: 1 } },
    ]),
    [
      { id: 1, text: "a <NA>" },
      { id: 2, incomplete: true },
      { id: 3, error: { code: "LOAD_ERR_COMPILE_OUTPUT" } },
      {
        id: 4,
        json: {
          hostname: "host-a",
          output: "00:28:20.000000000: Informational a",
          output_fields: { "evt.time": 1_700_000_000_000, "proc.name": "a" },
          tags: ["a", "b"],
          time: "1970-01-01T00:28:20.000000000Z",
        },
      },
      { id: 5, text: '00:00:00.000000001: Informational a\\"\\n' },
    ],
  );
});
