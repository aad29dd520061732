// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { faultsOf, loadTexts, ruleText } from "./load-text.ts";
import { sampleEvent } from "./sample-event.ts";

/** Names of the rules that the sample (curl in a container) matches. */
function matched(...texts: readonly string[]): readonly string[] {
  return loadTexts(texts)
    .match(sampleEvent())
    .map(({ name }) => name);
}

t.test("whether the sample matches", (t) => {
  const rows: readonly (readonly [string, readonly string[], boolean])[] = [
    ["a condition", [ruleText("proc.name = curl")], true],
    [
      "the spelling of 2018",
      [ruleText("evt.type = execve and evt.dir=< and container.image startswith byrnedo")],
      true,
    ],
    ["container alone", [ruleText("container")], true],
    [
      "container, defined by a file",
      ["- macro: container\n  condition: container.id != host\n" + ruleText("container")],
      true,
    ],
    [
      "container, redefined",
      ["- macro: container\n  condition: proc.name = x\n" + ruleText("container")],
      false,
    ],
    ["a list", ["- list: l\n  items: [wget, curl]\n" + ruleText("proc.name in (l)")], true],
    [
      "a list among words",
      ["- list: l\n  items: [wget, curl]\n" + ruleText("proc.name in (a, l,b)")],
      true,
    ],
    ["a list behind =", ["- list: l\n  items: [curl]\n" + ruleText("proc.name=l")], true],
    [
      "a list after the rule",
      [ruleText("proc.name in (l)") + "- list: l\n  items: [curl]\n"],
      true,
    ],
    [
      "an item with a blank is quoted",
      ["- list: l\n  items: [a b]\n" + ruleText("not proc.name in (l)")],
      true,
    ],
    [
      "an empty list between words",
      ["- list: l\n  items: []\n" + ruleText("proc.name in (a, l, curl)")],
      true,
    ],
    [
      "an empty list first",
      ["- list: l\n  items: []\n" + ruleText("proc.name in (l, curl)")],
      true,
    ],
    ["an empty list alone", ["- list: l\n  items: []\n" + ruleText("not proc.name in (l)")], true],
    [
      "a list in a list",
      ["- list: a\n  items: [curl]\n- list: b\n  items: [x, a]\n" + ruleText("proc.name in (b)")],
      true,
    ],
    [
      "a list in an earlier list",
      ["- list: b\n  items: [x, a]\n- list: a\n  items: [curl]\n" + ruleText("proc.name in (b)")],
      true,
    ],
    [
      "part of a word is no list",
      ["- list: cur\n  items: [x]\n" + ruleText("proc.name = curl")],
      true,
    ],
    [
      "a list appended to",
      [
        "- list: l\n  items: [x]\n",
        "- list: l\n  items: [curl]\n  override: {items: append}\n" + ruleText("proc.name in (l)"),
      ],
      true,
    ],
    [
      "a list replaced",
      ["- list: l\n  items: [curl]\n", "- list: l\n  items: [x]\n" + ruleText("proc.name in (l)")],
      false,
    ],
    ["a macro", ["- macro: m\n  condition: proc.name = curl\n" + ruleText("m")], true],
    [
      "a macro after the rule",
      [ruleText("m") + "- macro: m\n  condition: proc.name = curl\n"],
      true,
    ],
    [
      "a macro in a macro",
      [
        "- macro: a\n  condition: proc.name = curl\n- macro: b\n  condition: not a\n" +
          ruleText("not b"),
      ],
      true,
    ],
    [
      "a macro keeps its parentheses",
      [
        "- macro: m\n  condition: proc.name = x or proc.name = curl\n" +
          ruleText("proc.pid = 0 and m"),
      ],
      false,
    ],
    [
      "a macro appended to",
      [
        "- macro: m\n  condition: proc.name = x\n- macro: m\n  condition: or proc.name = curl\n  append: true\n" +
          ruleText("m"),
      ],
      true,
    ],
    ["a rule defined again", [ruleText("proc.name = curl") + ruleText("proc.name = x")], false],
    ["a rule disabled", [ruleText("proc.name = curl", "  enabled: false\n")], false],
    ["a rule disabled later", [ruleText("proc.name = curl") + "- rule: R\n  enabled: no\n"], false],
    [
      "a rule enabled later",
      [ruleText("proc.name = curl", "  enabled: OFF\n") + "- rule: R\n  enabled: true\n"],
      true,
    ],
    [
      "a condition appended",
      [ruleText("proc.name = x"), "- rule: R\n  condition: or proc.name = curl\n  append: true\n"],
      true,
    ],
    [
      "a condition appended by override",
      [
        ruleText("proc.name = curl"),
        "- rule: R\n  condition: and proc.pid = 0\n  override: {condition: append}\n",
      ],
      false,
    ],
    [
      "a condition replaced",
      [
        ruleText("proc.name = x"),
        "- rule: R\n  condition: proc.name = curl\n  override: {condition: replace}\n",
      ],
      true,
    ],
    [
      "enabled by override",
      [
        ruleText("proc.name = curl", "  enabled: false\n") +
          "- rule: R\n  enabled: true\n  override: {enabled: replace}\n",
      ],
      true,
    ],
    ["another source", [ruleText("proc.name = curl", "  source: k8s_audit\n")], false],
    ["a document after an empty one", ["---\n---\n" + ruleText("proc.name = curl")], true],
    ["null entries are skipped", ["-\n" + ruleText("proc.name = curl")], true],
    [
      "the first of two equal keys counts",
      [ruleText("proc.name = curl", "  condition: proc.name = x\n")],
      true,
    ],
  ];
  for (const [name, texts, expected] of rows)
    t.same(matched(...texts), expected ? ["R"] : [], name);
  t.end();
});

t.test("exceptions", (t) => {
  const list = (values: string, more = ""): string =>
    ruleText(
      "proc.name = curl",
      `  exceptions:\n    - name: e\n      fields: [proc.pname, proc.cmdline]\n${more}      values:\n${values}`,
    );
  const flat = (more: string): string =>
    ruleText(
      "proc.name = curl or proc.name = x",
      `  exceptions:\n    - name: e\n      fields: proc.pname\n${more}`,
    );
  const added =
    "- rule: R\n  exceptions:\n    - name: e\n      values: [[sh, curl https://example.com]]\n  override: {exceptions: append}\n";
  const rows: readonly (readonly [string, readonly string[], boolean])[] = [
    ["one field, the value is in it", [flat("      values: [sh, bash]\n")], false],
    ["one field, another value", [flat("      values: [bash]\n")], true],
    ["one field, pmatch", [flat("      comps: pmatch\n      values: [/sh]\n")], false],
    ["one field, a modifier", [flat("      comps: contains anyof\n      values: [x, h]\n")], false],
    ["without values", [flat("")], true],
    ["rows, all fields must hold", [list("        - [sh, x]\n")], true],
    ["rows, a blank is quoted", [list("        - [sh, curl https://example.com]\n")], false],
    [
      "rows, any may hold",
      [list("        - [a, b]\n        - [sh, curl https://example.com]\n")],
      false,
    ],
    ["operators", [list("        - [sh, https]\n", "      comps: [=, contains]\n")], false],
    [
      "a list in a cell",
      [list("        - [[a, sh], https]\n", "      comps: [in, contains]\n")],
      false,
    ],
    [
      "one word under in",
      [list("        - [sh, https]\n", "      comps: [in, contains]\n")],
      false,
    ],
    [
      "a list as text",
      [list(`        - ["(a, sh)", https]\n`, "      comps: [in, contains]\n")],
      false,
    ],
    ["values appended", [list("        - [a, b]\n"), added], false],
    [
      "values appended the old way",
      [
        list("        - [a, b]\n"),
        added.replace("  override: {exceptions: append}", "  append: true"),
      ],
      false,
    ],
    [
      "a list name as value",
      [
        "- list: l\n  items: [sh]\n" +
          list("        - [l, https]\n", "      comps: [in, contains]\n"),
      ],
      false,
    ],
  ];
  for (const [name, texts, expected] of rows)
    t.same(matched(...texts), expected ? ["R"] : [], name);
  t.end();
});

t.test("faults, their places and the marked text", (t) => {
  const e = (fields: string): string =>
    ruleText("evt.num = 1", `  exceptions:\n    - name: e\n${fields}`);
  const rows: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    [
      "inside a folded block",
      [ruleText(">\n    proc.name = curl\n      and proc.nam = x")],
      ["error unknown-field 5:11 proc.nam"],
    ],
    [
      "inside quotes",
      [ruleText(`'proc.name = "a" and  proc.nam = ''x'''`)],
      ["error unknown-field 3:36 proc.nam"],
    ],
    [
      "all faults of all files",
      [ruleText("proc.nam = a"), ruleText("proc.pid = x", "", "S")],
      ["error unknown-field 3:14 proc.nam", "error bad-value 3:25 x"],
    ],
    [
      "in a list, the place of the item",
      ["- list: l\n  items: [x]\n" + ruleText("proc.pid in (l)")],
      ["error bad-value 2:11 x"],
    ],
    [
      "in a macro, once, though two rules use it",
      ["- macro: m\n  condition: proc.nam = x\n" + ruleText("m") + ruleText("m", "", "S")],
      ["error unknown-field 2:14 proc.nam"],
    ],
    [
      "in an appended part",
      [ruleText("evt.num = 1"), "- rule: R\n  condition: and (evt.num =\n  append: true\n"],
      ["error syntax 2:28 ", "warning deprecated 3:3 append"],
    ],
    [
      "an unknown macro",
      [ruleText("evt.num = 1 and spawned")],
      ["error unknown-macro 3:30 spawned"],
    ],
    [
      "a macro defined too late for a macro",
      ["- macro: a\n  condition: b\n- macro: b\n  condition: evt.num = 1\n" + ruleText("a")],
      ["error unknown-macro 2:14 b"],
    ],
    [
      "a macro inside itself",
      ["- macro: a\n  condition: not a\n" + ruleText("a")],
      ["error macro-cycle 2:18 a"],
    ],
    [
      "macros in a circle",
      [
        "- macro: a\n  condition: evt.num = 1\n- macro: b\n  condition: a\n- macro: a\n  condition: or b\n  append: true\n" +
          ruleText("a"),
      ],
      ["error macro-cycle 4:14 a", "warning deprecated 7:3 append"],
    ],
    [
      "an unused macro and list",
      ["- macro: a\n  condition: evt.num = 1\n- list: l\n  items: [x]\n" + ruleText("evt.num = 1")],
      ["warning unused-macro 1:10 a", "warning unused-list 3:9 l"],
    ],
    [
      "a key missing",
      ["- rule: R\n  condition: evt.num = 1\n  output: o\n  desc: d\n"],
      ["error missing-item-key 1:9 R"],
    ],
    [
      "an empty value",
      ["- rule: R\n  condition:\n  output: o\n  desc: d\n  priority: INFO\n"],
      ["error wrong-type 2:13 "],
    ],
    [
      "an unknown key warns",
      [ruleText("evt.num = 1", "  tag: [a]\n")],
      ["warning unknown-item-key 6:3 tag"],
    ],
    [
      "an unknown entry warns",
      ["- nothing: 1\n" + ruleText("evt.num = 1")],
      ["warning unknown-item 1:3 nothing"],
    ],
    ["no list of entries", ["rule: R\n"], ["error rule-file 1:1 rule: R\n"]],
    ["an entry that is no map", ["- rule\n"], ["error rule-file 1:3 rule"]],
    [
      "a priority",
      [ruleText("evt.num = 1").replace("INFO", "WARN")],
      ["error unknown-priority 5:13 WARN"],
    ],
    [
      "a word for truth",
      [ruleText("evt.num = 1", "  enabled: maybe\n")],
      ["error wrong-type 6:12 maybe"],
    ],
    [
      "an output",
      [ruleText("evt.num = 1").replace("output: o", "output: a %proc.nam b")],
      ["error output-field 4:13 %proc.nam"],
    ],
    [
      "a percent sign alone",
      [ruleText("evt.num = 1").replace("output: o", "output: 5% b")],
      ["error output-field 4:12 %"],
    ],
    [
      "append without an earlier rule",
      ["- rule: R\n  condition: or evt.num = 1\n  append: true\n"],
      ["error not-defined 1:9 R", "warning deprecated 3:3 append"],
    ],
    [
      "override without an earlier rule",
      ["- rule: R\n  enabled: false\n  override: {enabled: replace}\n"],
      ["error not-defined 1:9 R"],
    ],
    [
      "override of what is not there",
      [
        ruleText("evt.num = 1") +
          "- rule: R\n  enabled: false\n  override: {enabled: replace, tags: append}\n",
      ],
      ["error override 8:32 tags"],
    ],
    [
      "override that forgets a key",
      [
        ruleText("evt.num = 1") +
          "- rule: R\n  enabled: false\n  output: x\n  override: {enabled: replace}\n",
      ],
      ["error override 8:3 output"],
    ],
    [
      "override by a way that cannot be",
      [ruleText("evt.num = 1") + "- rule: R\n  enabled: false\n  override: {enabled: append}\n"],
      ["error override 8:14 enabled"],
    ],
    [
      "another source",
      [ruleText("evt.num = 1") + ruleText("evt.num = 1", "  source: x\n", "S")],
      ["warning unknown-source 11:11 x"],
    ],
    ["a newer engine", ["- required_engine_version: 64\n"], ["error engine-version 1:28 64"]],
    [
      "an engine of another kind",
      ["- required_engine_version: 1.0.0\n"],
      ["error engine-version 1:28 1.0.0"],
    ],
    ["an engine that will do", ["- required_engine_version: 0.57.0\n"], []],
    [
      "a plugin that is built in",
      ["- required_plugin_versions:\n  - name: container\n    version: 0.4.0\n"],
      [],
    ],
    [
      "a plugin that is not",
      ["- required_plugin_versions:\n  - {name: json, version: 0.7.0}\n"],
      ["error plugin-missing 2:5 {name: json, version: 0.7.0}"],
    ],
    [
      "a plugin with an alternative",
      [
        "- required_plugin_versions:\n  - {name: json, version: 0.7.0, alternatives: [{name: container, version: 0.1.0}]}\n",
      ],
      [],
    ],
    ["an exception without fields", [e("      values: [a]\n")], ["error missing-item-key 7:13 e"]],
    [
      "an exception whose fields are none",
      [e("      fields: []\n      values: [a]\n")],
      ["error exception 7:13 e"],
    ],
    [
      "an exception with too few values",
      [e("      fields: [proc.name, proc.pname]\n      values: [[a]]\n")],
      ["error exception 9:16 [a]"],
    ],
    [
      "an exception with an unknown operator",
      [e("      fields: [proc.name]\n      comps: [startwith]\n      values: [[a]]\n")],
      ["error exception 9:15 startwith"],
    ],
    [
      "an exception with an unknown field",
      [e("      fields: [proc.nam]\n      values: [[a]]\n")],
      ["error exception 8:16 proc.nam"],
    ],
    [
      "values that are added to nothing",
      [
        e("      fields: [proc.name]\n"),
        "- rule: R\n  exceptions: [{name: e}]\n  override: {exceptions: append}\n",
      ],
      ["warning exception-values 2:23 e"],
    ],
    [
      "skipping a rule with an unknown field",
      [ruleText("proc.nam = a", "  skip-if-unknown-filter: true\n")],
      ["warning unknown-fields-skipped 3:14 proc.nam"],
    ],
    [
      "skipping does not cover other faults",
      [ruleText("proc.pid = a", "  skip-if-unknown-filter: true\n")],
      ["error bad-value 3:25 a"],
    ],
    [
      "names that conditions cannot use",
      ["- macro: a-b\n  condition: evt.num = 1\n- list: a b\n  items: []\n"],
      [
        "warning invalid-macro-name 1:10 a-b",
        "warning unused-macro 1:10 a-b",
        "warning invalid-list-name 3:9 a b",
        "warning unused-list 3:9 a b",
      ],
    ],
    [
      "append and override together",
      [
        ruleText("evt.num = 1") +
          "- rule: R\n  condition: a\n  append: true\n  override: {condition: append}\n",
      ],
      ["error override 6:9 R", "warning deprecated 8:3 append"],
    ],
    [
      "append and override together in a list",
      ["- list: l\n  items: [a]\n  append: true\n  override: {items: append}\n"],
      ["error override 1:9 l", "warning deprecated 3:3 append"],
    ],
    [
      "append of nothing",
      [ruleText("evt.num = 1") + "- rule: R\n  tags: [a]\n  append: true\n"],
      ["error append-empty 6:9 R", "warning deprecated 8:3 append"],
    ],
    ["a macro without a condition", ["- macro: m\n"], ["error missing-item-key 1:10 m"]],
    [
      "override of another key of a macro",
      ["- macro: m\n  condition: evt.num = 1\n  override: {macro: append}\n" + ruleText("m")],
      ["error override 3:14 macro"],
    ],
    [
      "override that is no map",
      ["- macro: m\n  condition: evt.num = 1\n  override: append\n" + ruleText("m")],
      ["warning override-ignored 3:13 append"],
    ],
    [
      "override of a key that has none",
      [ruleText("evt.num = 1") + "- rule: R\n  source: x\n  override: {source: replace}\n"],
      ["error override 8:14 source"],
    ],
    ["items that are no list", ["- list: l\n  items: a\n"], ["error wrong-type 2:10 a"]],
    ["an item that is no text", ["- list: l\n  items: [[a]]\n"], ["error wrong-type 2:11 [a]"]],
    [
      "a duration that is no number",
      [ruleText("evt.num = 1", "  capture: true\n  capture_duration: 1s\n")],
      ["error wrong-type 7:21 1s"],
    ],
    [
      "a changed source",
      [ruleText("evt.num = 1", "  source: syscall\n") + ruleText("evt.num = 1", "  source: x\n")],
      ["error source-changed 12:11 x"],
    ],
    [
      "an exception that is no map",
      [ruleText("evt.num = 1", "  exceptions: [e]\n")],
      ["error wrong-type 6:16 e"],
    ],
    [
      "an exception without a name",
      [ruleText("evt.num = 1", "  exceptions: [{fields: a}]\n")],
      ["error missing-item-key 6:16 {fields: a}"],
    ],
    [
      "a key that exceptions do not have",
      [e("      fields: proc.name\n      vals: [a]\n")],
      ["warning unknown-exception-key 9:7 vals"],
    ],
    [
      "a map as a value",
      [e("      fields: proc.name\n      values: [{a: b}]\n")],
      ["warning exception-nothing 9:16 {a: b}"],
    ],
    [
      "one field and several operators",
      [e("      fields: proc.name\n      comps: [in]\n      values: [a]\n")],
      ["error exception 9:14 [in]"],
    ],
    [
      "one field and rows",
      [e("      fields: proc.name\n      values: [[a]]\n")],
      ["error exception 9:16 [a]"],
    ],
    [
      "one field and an operator that takes no list",
      [e("      fields: proc.name\n      comps: =\n      values: [a]\n")],
      ["error exception 9:14 ="],
    ],
    [
      "several fields and one operator",
      [e("      fields: [proc.name]\n      comps: in\n")],
      ["error exception 9:14 in"],
    ],
    [
      "too few operators",
      [e("      fields: [proc.name, proc.pid]\n      comps: [in]\n")],
      ["error exception 9:14 [in]"],
    ],
    [
      "a field that is a list",
      [e("      fields: [[proc.name]]\n")],
      ["error exception 8:15 [[proc.name]]"],
    ],
    [
      "an appended exception that is new",
      [
        ruleText("evt.num = 1"),
        "- rule: R\n  exceptions: [{name: e, fields: proc.name, values: [a]}]\n  override: {exceptions: append}\n",
      ],
      [],
    ],
    [
      "an appended exception with other fields",
      [
        e("      fields: proc.name\n"),
        "- rule: R\n  exceptions: [{name: e, fields: proc.pid, values: [1]}]\n  override: {exceptions: append}\n",
      ],
      ["error exception 2:23 e"],
    ],
    [
      "a version that is none",
      ["- required_engine_version: new\n"],
      ["error engine-version-text 1:28 new"],
    ],
    [
      "a plugin without a version",
      ["- required_plugin_versions: [{name: container}]\n"],
      ["error wrong-type 1:30 {name: container}"],
    ],
    [
      "a plugin's version that is none",
      ["- required_plugin_versions: [{name: container, version: new}]\n"],
      ["error plugin-version 1:57 new"],
    ],
    [
      "a name that is none",
      ["- rule: []\n- macro:\n- list:\n"],
      ["error wrong-type 1:9 []", "error wrong-type 2:9 ", "error wrong-type 3:8 "],
    ],
    ["an event type", [ruleText("evt.type = exeve")], ["error unknown-value 3:25 exeve"]],
    ["no YAML", ["- rule: 'a\n"], ["error yaml-syntax 1:9 '"]],
  ];
  for (const [name, texts, faults] of rows) t.same(faultsOf(...texts), faults, name);
  t.end();
});

t.test("what is told of a rule", (t) => {
  const { rules } = loadTexts([
    ruleText("proc.name = a", "  tags: [b, a, b]\n"),
    ruleText("evt.type = open and proc.name = a", "", "Open"),
    ruleText("evt.type in (openat, execve) and fd.name startswith /etc", "", "Path"),
    ruleText("proc.name = b or fd.num >= 0", "", "Half"),
    "- rule: R\n  tags: [c]\n  output: more\n  desc: more\n  priority: ERROR\n" +
      "  override: {tags: append, output: append, desc: replace, priority: replace}\n",
  ]);
  const [first, open, path, half] = rules;
  t.same(first?.tags, ["a", "b", "c"], "tags are a sorted set");
  t.equal(first?.formatOutput(sampleEvent()).output, "o more");
  t.equal(first?.description, "more");
  t.equal(first?.priority, "Error");
  t.equal(first?.inactiveBecause, undefined);
  t.equal(open?.inactiveBecause, "no events of type open are seen");
  t.equal(path?.inactiveBecause, "exec events have no value for fd.name");
  t.equal(half?.inactiveBecause, undefined, "a rule that can still match is active");
  t.end();
});

const inactivity: readonly [condition: string, reason: string | undefined][] = [
  ["evt.type = open or evt.type = connect", "no events of type open, connect are seen"],
  [
    "evt.type = open or fd.name = /etc/shadow",
    "exec events have no value for fd.name, and no events of type open are seen",
  ],
  [
    "(evt.type = open and proc.name = a) or fd.num = 1 and proc.name = b",
    "exec events have no value for fd.num, and no events of type open are seen",
  ],
  ["evt.type in (open, execve) or fd.num = 1", undefined],
  ["evt.type = open or not fd.name = x", undefined],
  ["not (not evt.type = open or proc.name = a)", "no events of type open are seen"],
  ["not evt.type in (open, connect) and proc.name = a", undefined],
  ["evt.type != execve and evt.type != execveat", "its condition is never true"],
  ["evt.type = execve and evt.type = execveat", "its condition is never true"],
  ["proc.name = val(fd.name)", "exec events have no value for fd.name"],
  ["toupper(fd.name) = A", "exec events have no value for fd.name"],
];
for (const [condition, reason] of inactivity) {
  t.test(`inactive or not: ${condition}`, (t) => {
    const [rule] = loadTexts([ruleText(condition)]).rules;
    t.equal(rule?.inactiveBecause, reason);
    t.end();
  });
}

t.test("matching", (t) => {
  const ruleset = loadTexts([
    ruleText("proc.name in (curl, wget)", "", "A"),
    ruleText("container.id != host", "", "B"),
    ruleText("proc.name = wget", "", "C"),
    ruleText("evt.type = execveat", "", "D"),
    ruleText("proc.name = curl and proc.name in (curl, x)", "", "E"),
    ruleText("not proc.name = curl", "", "F"),
  ]);
  const names = (comm: string, syscall: "execve" | "execveat" = "execve"): readonly string[] =>
    ruleset.match(sampleEvent({ process: { comm }, event: { syscall } })).map(({ name }) => name);
  t.same(names("curl"), ["A", "B", "E"], "all matches, in the order of definition");
  t.same(names("wget"), ["A", "B", "C", "F"]);
  t.same(names("ls"), ["B", "F"], "a name that no rule asks for");
  t.same(names("ls", "execveat"), ["B", "D", "F"]);
  t.end();
});

t.test("generated macros replace those of files, wherever they stand", (t) => {
  const files = [
    "- macro: early\n  condition: allowed_x\n- macro: allowed_x\n  condition: evt.num = 0\n" +
      ruleText("proc.name = curl and not early and not allowed_x"),
  ];
  const macros = new Map([["allowed_x", "container.allowlisted[x] = true"]]);
  const ruleset = loadTexts(files, macros);
  t.equal(ruleset.match(sampleEvent()).length, 1);
  t.equal(ruleset.match(sampleEvent({ event: { allowlists: new Set(["x"]) } })).length, 0);
  t.end();
});

t.test("hostile files are refused, not feared", (t) => {
  const more = (i: number): string =>
    `- rule: R\n  condition: or proc.pname = p${String(i)}\n  override: {condition: append}\n`;
  const appends = Array.from({ length: 10_000 }, (_, i) => more(i)).join("");
  const longest = `${ruleText("proc.nam = a")}${appends}`;
  t.same(faultsOf(longest), ["error unknown-field 3:14 proc.nam"], "ten thousand appends");
  let bomb = "- macro: m0\n  condition: proc.name = a\n";
  for (let i = 1; i < 40; i++) {
    const inner = `m${String(i - 1)}`;
    bomb += `- macro: m${String(i)}\n  condition: ${inner} and ${inner}\n`;
  }
  t.match(faultsOf(bomb + ruleText("m39")).join("\n"), "too-large", "macros that double");
  const faulty = bomb.replace("proc.name = a", "proc.nam = a");
  t.match(faultsOf(faulty + ruleText("m39")), ["error unknown-field 2:14 proc.nam"]);
  let chain = "- macro: m0\n  condition: proc.name = a\n";
  for (let i = 1; i < 5000; i++) {
    chain += `- macro: m${String(i)}\n  condition: not m${String(i - 1)}\n`;
  }
  t.match(faultsOf(chain + ruleText("m4999")).join("\n"), "too-deep", "macros in macros in macros");
  let backwards = "";
  for (let i = 0; i < 400; i++) backwards += `- macro: b${String(i)}\n  condition: evt.num = 1\n`;
  for (let i = 0; i < 399; i++) {
    const next = `b${String(i + 1)}`;
    backwards += `- macro: b${String(i)}\n  condition: or ${next}\n  override: {condition: append}\n`;
  }
  t.match(faultsOf(backwards + ruleText("b0")).join("\n"), "too-deep", "each using the next");
  t.end();
});
