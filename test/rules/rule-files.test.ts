// Every sentence of the specification about rule files (sections 5, 6 and 8) as rows: files, and what Falco answers.
// Checked against rule_loader_reader.cpp, rule_loader_collector.cpp and rule_loader_compiler.cpp: which fault is
// found first decides, and warnings count that were told before it.
// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { answerLine } from "../../daemon/cli/machine/run.ts";
import { answerLoad } from "../../daemon/cli/machine/load.ts";

const YV = "LOAD_ERR_YAML_VALIDATE";
const YP = "LOAD_ERR_YAML_PARSE";
const V = "LOAD_ERR_VALIDATE";
const CC = "LOAD_ERR_COMPILE_CONDITION";
const CO = "LOAD_ERR_COMPILE_OUTPUT";
const DEP = "LOAD_DEPRECATED_ITEM";
const UM = "LOAD_UNUSED_MACRO";
const UL = "LOAD_UNUSED_LIST";
const NE = "LOAD_NO_EVTTYPE";
const UK = "LOAD_UNKNOWN_KEY";
const UI = "LOAD_UNKNOWN_ITEM";
const US = "LOAD_UNKNOWN_SOURCE";
const UF = "LOAD_UNKNOWN_FILTER";
const NV = "LOAD_APPEND_NO_VALUES";
const NU = "LOAD_EXCEPTION_NAME_NOT_UNIQUE";
const IM = "LOAD_INVALID_MACRO_NAME";
const IL = "LOAD_INVALID_LIST_NAME";
const LC = "LOAD_COMPILE_CONDITION";

/** What must come of loading; what is left out does not matter, but errors and warnings are none then. */
interface Wanted {
  readonly e?: string;
  readonly w?: readonly string[];
  /** Condition and output of the rule R. */
  readonly cond?: string;
  readonly out?: string;
  /** More of R, and of S. */
  readonly R?: Readonly<Record<string, unknown>>;
  readonly S?: Readonly<Record<string, unknown>>;
  /** Condition of the macro m. */
  readonly m?: string;
  readonly lists?: object;
  readonly macros?: object;
  readonly names?: readonly string[];
  readonly on?: readonly string[];
  readonly plugins?: boolean;
}

type Row = readonly [
  name: string,
  files: string | readonly string[],
  wanted: Wanted,
  more?: object,
];

const C = "evt.type = execve";
type Keys = Readonly<Record<string, string | undefined>>;

/** A rule R that is right, but for the keys given; undefined leaves one out. */
function rule({ name = "R", ...keys }: Keys = {}): string {
  const all: Keys = { condition: C, output: "o", desc: "d", priority: "INFO", ...keys };
  const lines = Object.entries(all).map(([key, value]) =>
    value === undefined ? "" : `  ${key}: ${value}\n`,
  );
  return `- rule: ${name}\n${lines.join("")}`;
}
const R = rule();

/** A rule with exceptions, given as lines of YAML. */
function ex(body: string): string {
  const lines = body.split("\n").map((line) => `    ${line}\n`);
  return `${R}  exceptions:\n${lines.join("")}`;
}

const sections: Readonly<Record<string, readonly Row[]>> = {
  "§5 a rule": [["plain", R, {}]],
  "§5 required_engine_version": [
    ["engine n", `- required_engine_version: 63\n` + R, {}],
    ["engine n newer", `- required_engine_version: 64\n` + R, { e: V }],
    ["engine 0", `- required_engine_version: 0\n` + R, {}],
    ["engine x.y.z", `- required_engine_version: 0.63.0\n`, {}],
    ["engine x.y.z newer patch", `- required_engine_version: 0.63.1\n`, { e: V }],
    ["engine 1.0.0", `- required_engine_version: 1.0.0\n`, { e: V }],
    ["engine tail", `- required_engine_version: 0.26.0-rc1\n`, {}],
    ["engine x.y", `- required_engine_version: 0.26\n`, { e: YV }],
    ["engine neg", `- required_engine_version: -5\n`, { e: YV }],
    ["engine word", `- required_engine_version: seven\n`, { e: YV }],
    ["engine null", `- required_engine_version:\n`, { e: YV }],
    ["engine empty", `- required_engine_version: ""\n`, { e: YV }],
    ["engine list", `- required_engine_version: [1]\n`, { e: YV }],
    ["engine hex", `- required_engine_version: 0x10\n`, {}],
    ["engine hex newer", `- required_engine_version: 0x40\n`, { e: V }],
    ["engine octal", `- required_engine_version: 0100\n`, { e: V }],
    ["engine octal ok", `- required_engine_version: 070\n`, {}],
    ["engine octal bad", `- required_engine_version: 08\n`, { e: YV }],
    ["engine plus", `- required_engine_version: +5\n`, {}],
    ["engine quoted", `- required_engine_version: "5"\n`, {}],
    ["engine quoted trailing blank", `- required_engine_version: "5 "\n`, {}],
    ["engine quoted leading blank", `- required_engine_version: " 5"\n`, { e: YV }],
    ["engine semver leading blank", `- required_engine_version: " 0.5.0"\n`, {}],
    ["engine huge", `- required_engine_version: 4294967296\n`, { e: YV }],
    ["engine large", `- required_engine_version: 4294967295\n`, { e: V }],
    ["engine twice", `- required_engine_version: 5\n- required_engine_version: 99\n`, { e: V }],
    ["engine unknown key", `- required_engine_version: 5\n  foo: 1\n`, { w: [UK] }],
    ["engine + rule keys", `- required_engine_version: 5\n  rule: R\n`, { w: [UK] }],
  ],
  "§5 required_plugin_versions": [
    [
      "plugins",
      `- required_plugin_versions:\n  - name: k8saudit\n    version: 0.6.0\n    alternatives:\n      - name: eks\n        version: 0.1.0\n`,
      {},
    ],
    ["plugins map", `- required_plugin_versions: {name: a, version: 1.0.0}\n`, { e: YV }],
    ["plugins null", `- required_plugin_versions:\n`, { e: YV }],
    ["plugins empty", `- required_plugin_versions: []\n`, {}],
    ["plugins scalar item", `- required_plugin_versions: [a]\n`, { e: YV }],
    ["plugins null item", `- required_plugin_versions: [null]\n`, { e: YV }],
    ["plugins no name", `- required_plugin_versions: [{version: 1.0.0}]\n`, { e: YV }],
    ["plugins no version", `- required_plugin_versions: [{name: a}]\n`, { e: YV }],
    ["plugins bad version", `- required_plugin_versions: [{name: a, version: x}]\n`, { e: V }],
    [
      "plugins bad version then bad alternative",
      `- required_plugin_versions: [{name: a, version: x, alternatives: [{name: b}]}]\n`,
      { e: YV },
    ],
    [
      "plugins alternatives map",
      `- required_plugin_versions: [{name: a, version: x, alternatives: {name: b}}]\n`,
      { e: YV },
    ],
    [
      "plugins alternatives null",
      `- required_plugin_versions: [{name: a, version: 1.0.0, alternatives: }]\n`,
      { e: YV },
    ],
    [
      "plugins alternatives scalar item",
      `- required_plugin_versions: [{name: a, version: 1.0.0, alternatives: [b]}]\n`,
      { e: YV },
    ],
    [
      "plugins twice in alternatives",
      `- required_plugin_versions: [{name: a, version: 1.0.0, alternatives: [{name: a, version: 1.0.0}]}]\n`,
      { e: V },
    ],
    [
      "plugins same alt twice",
      `- required_plugin_versions: [{name: a, version: 1.0.0, alternatives: [{name: b, version: 1.0.0},{name: b, version: 2.0.0}]}]\n`,
      { e: V },
    ],
    [
      "plugins twice in list",
      `- required_plugin_versions: [{name: a, version: 1.0.0}, {name: a, version: 1.0.0}]\n`,
      {},
    ],
    [
      "plugins first bad semver, second bad shape",
      `- required_plugin_versions: [{name: a, version: x}, b]\n`,
      { e: V },
    ],
    ["plugins version tail", `- required_plugin_versions: [{name: a, version: 1.0.0.4-x}]\n`, {}],
    [
      "plugins ok",
      `- required_plugin_versions: [{name: a, version: 1.0.0}]\n`,
      { plugins: true },
      { plugins: [{ name: "a", version: "1.2.0" }] },
    ],
    [
      "plugins other major",
      `- required_plugin_versions: [{name: a, version: 1.0.0}]\n`,
      { plugins: false },
      { plugins: [{ name: "a", version: "2.2.0" }] },
    ],
    [
      "plugins alt loaded",
      `- required_plugin_versions: [{name: a, version: 1.0.0, alternatives: [{name: b, version: 0.1.0}]}]\n`,
      { plugins: true },
      { plugins: [{ name: "b", version: "0.1.0" }] },
    ],
    [
      "plugins first loaded alternative decides",
      `- required_plugin_versions: [{name: a, version: 1.5.0, alternatives: [{name: b, version: 0.1.0}]}]\n`,
      { plugins: false },
      {
        plugins: [
          { name: "b", version: "0.1.0" },
          { name: "a", version: "1.0.0" },
        ],
      },
    ],
    [
      "plugins none loaded",
      `- required_plugin_versions: [{name: a, version: 1.5.0}]\n`,
      { plugins: false },
      { plugins: [] },
    ],
  ],
  "§5 lists": [
    ["list unused", `- list: L\n  items: [a, b]\n`, { w: [UL], lists: { L: ["a", "b"] } }],
    ["list empty items", `- list: L\n  items: []\n`, { w: [UL] }],
    ["list null items", `- list: L\n  items:\n`, { e: YV }],
    ["list no items", `- list: L\n`, { e: YV }],
    ["list items scalar", `- list: L\n  items: a\n`, { e: YV }],
    ["list items map", `- list: L\n  items: {a: b}\n`, { e: YV }],
    ["list null item", `- list: L\n  items: [a, null]\n`, { e: YV }],
    ["list tilde item", `- list: L\n  items: [a, ~]\n`, { e: YV }],
    ["list quoted null", `- list: L\n  items: [a, "null"]\n`, { w: [UL] }],
    ["list nested", `- list: L\n  items: [a, [b]]\n`, { e: YV }],
    [
      "list numbers",
      `- list: L\n  items: [1, true, 1.5, 0x10]\n` +
        rule({ condition: `${C} and proc.name in (L)` }),
      { cond: "(evt.type = execve and proc.name in (1, true, 1.5, 0x10))" },
    ],
    ["list empty-string item", `- list: L\n  items: ["", a]\n`, { w: [UL] }],
    ["list null name", `- list:\n  items: [a]\n`, { e: YV }],
    ["list name list", `- list: [a]\n  items: [a]\n`, { e: YV }],
    ["list bad name", `- list: a b\n  items: [a]\n`, { w: [IL, UL] }],
    ["list name nbsp is fine", `- list: "a\\u00a0b"\n  items: [a]\n`, { w: [UL] }],
    ["list name quote", `- list: a"b\n  items: [a]\n`, { w: [IL, UL] }],
    ["list dash name", `- list: a-b\n  items: [a]\n`, { w: [UL] }],
    ["list bad name then error", `- list: a b\n`, { e: YV, w: [IL] }],
    ["list unknown key", `- list: L\n  items: []\n  foo: 1\n  bar: 2\n`, { w: [UK, UK, UL] }],
    [
      "list rule keys unknown",
      `- list: L\n  items: []\n  rule: x\n  macro: y\n`,
      { w: [UK, UK, UL] },
    ],
    ["list append none", `- list: L\n  items: []\n  append: true\n`, { e: V, w: [DEP] }],
    [
      "list append",
      `- list: L\n  items: [a]\n- list: L\n  items: [b]\n  append: true\n`,
      { w: [DEP, UL], lists: { L: ["a", "b"] } },
    ],
    [
      "list append false",
      `- list: L\n  items: [a]\n- list: L\n  items: [b]\n  append: false\n`,
      { w: [UL], lists: { L: ["b"] } },
    ],
    [
      "list append null",
      `- list: L\n  items: [a]\n- list: L\n  items: [b]\n  append:\n`,
      { e: YV },
    ],
    [
      "list append word",
      `- list: L\n  items: [a]\n- list: L\n  items: [b]\n  append: maybe\n`,
      { e: YV },
    ],
    [
      "list append On",
      `- list: L\n  items: [a]\n- list: L\n  items: [b]\n  append: On\n`,
      { w: [DEP, UL] },
    ],
    [
      "list append oN",
      `- list: L\n  items: [a]\n- list: L\n  items: [b]\n  append: oN\n`,
      { e: YV },
    ],
    [
      "list append quoted",
      `- list: L\n  items: [a]\n- list: L\n  items: [b]\n  append: "y"\n`,
      { w: [DEP, UL] },
    ],
    [
      "list override append",
      `- list: L\n  items: [a]\n- list: L\n  items: [b]\n  override: {items: append}\n`,
      { w: [UL], lists: { L: ["a", "b"] } },
    ],
    [
      "list override append none",
      `- list: L\n  items: [b]\n  override: {items: append}\n`,
      { e: V },
    ],
    [
      "list override replace none",
      `- list: L\n  items: [b]\n  override: {items: replace}\n`,
      { w: [UL] },
    ],
    [
      "list override bad key",
      `- list: L\n  items: [b]\n  override: {condition: append}\n`,
      { e: YV },
    ],
    ["list override bad op", `- list: L\n  items: [b]\n  override: {items: add}\n`, { e: YV }],
    ["list override case", `- list: L\n  items: [b]\n  override: {items: Append}\n`, { e: YV }],
    ["list override null", `- list: L\n  items: [b]\n  override:\n`, { w: [UL] }],
    ["list override empty", `- list: L\n  items: [b]\n  override: {}\n`, { w: [UL] }],
    ["list override scalar", `- list: L\n  items: [b]\n  override: append\n`, { w: [UL] }],
    ["list override list", `- list: L\n  items: [b]\n  override: [items]\n`, { e: V }],
    ["list override op list", `- list: L\n  items: [b]\n  override: {items: [append]}\n`, { e: V }],
    ["list override op null", `- list: L\n  items: [b]\n  override: {items: }\n`, { e: YV }],
    [
      "list append+override",
      `- list: L\n  items: [b]\n- list: L\n  items: [b]\n  append: true\n  override: {items: append}\n`,
      { e: YV, w: [DEP] },
    ],
    [
      "list append+override empty",
      `- list: L\n  items: [b]\n- list: L\n  items: [b]\n  append: true\n  override: {}\n`,
      { w: [DEP, UL] },
    ],
    [
      "list redefinition",
      `- list: L\n  items: [b]\n- list: L\n  items: [c]\n`,
      { w: [UL], lists: { L: ["c"] } },
    ],
    [
      "list twice override dup",
      `- list: L\n  items: [b]\n- list: L\n  items: [c]\n  override: {items: replace, items: append}\n`,
      { w: [UL] },
    ],
  ],
  "§5 macros": [
    ["macro unused", `- macro: m\n  condition: a = b\n`, { e: CC }],
    [
      "macro unused ok",
      `- macro: m\n  condition: proc.name = b\n`,
      { w: [UM], macros: { m: "proc.name = b" } },
    ],
    ["macro unknown field unused", `- macro: m\n  condition: no.such = b\n`, { w: [UM] }],
    [
      "macro unknown field used",
      `- macro: m\n  condition: no.such = b\n` + rule({ condition: `${C} and m` }),
      { e: CC },
    ],
    ["macro null condition", `- macro: m\n  condition:\n`, { e: YV }],
    ["macro empty condition", `- macro: m\n  condition: ""\n`, { e: YV }],
    ["macro blank condition", `- macro: m\n  condition: " "\n`, { e: CC }],
    ["macro list condition", `- macro: m\n  condition: [a]\n`, { e: YV }],
    ["macro no condition", `- macro: m\n`, { e: YV }],
    ["macro bad name", `- macro: a-b\n  condition: proc.name = a\n`, { w: [IM, UM] }],
    ["macro bad name digit", `- macro: 1a\n  condition: proc.name = a\n`, { w: [IM, UM] }],
    ["macro self", `- macro: m\n  condition: m\n`, { e: V }],
    [
      "macro self 2",
      `- macro: m\n  condition: proc.name = a\n- macro: m\n  condition: m\n`,
      { e: V },
    ],
    ["macro unknown", `- macro: m\n  condition: n\n`, { e: V }],
    [
      "macro later",
      `- macro: m\n  condition: n\n- macro: n\n  condition: proc.name = a\n`,
      { e: V },
    ],
    [
      "macro later redefined",
      `- macro: m\n  condition: proc.name = b\n- macro: n\n  condition: proc.name = a\n- macro: m\n  condition: n\n`,
      { w: [UM] },
    ],
    [
      "macro later append",
      `- macro: m\n  condition: proc.name = b\n- macro: n\n  condition: proc.name = a\n- macro: m\n  condition: or n\n  append: true\n`,
      { w: [DEP, UM], m: "(proc.name = b or proc.name = a)" },
    ],
    [
      "macro rule before",
      rule({ condition: `${C} and m` }) + `- macro: m\n  condition: proc.name = b\n`,
      { cond: "(evt.type = execve and proc.name = b)" },
    ],
    ["macro append none", `- macro: m\n  condition: or a\n  append: true\n`, { e: V, w: [DEP] }],
    [
      "macro override append none",
      `- macro: m\n  condition: or a\n  override: {condition: append}\n`,
      { e: V },
    ],
    [
      "macro override replace none",
      `- macro: m\n  condition: proc.name = a\n  override: {condition: replace}\n`,
      { w: [UM] },
    ],
    ["macro items key", `- macro: m\n  condition: proc.name = a\n  items: [a]\n`, { w: [UK, UM] }],
    [
      "macro mutual",
      `- macro: a\n  condition: proc.name = x\n- macro: b\n  condition: a\n- macro: a\n  condition: b\n`,
      { e: V },
    ],
    [
      "parse error before unknown macro",
      `- macro: a\n  condition: zzz\n- macro: b\n  condition: proc.name =\n`,
      { e: CC },
    ],
    [
      "macro append text",
      `- macro: m\n  condition: proc.name = a or proc.name = b\n- macro: m\n  condition: and proc.pid = 1\n  override: {condition: append}\n`,
      { w: [UM], m: "(proc.name = a or (proc.name = b and proc.pid = 1))" },
    ],
  ],
  "§5 rules": [
    ["rule null name", `- rule:\n`, { e: YV }],
    ["rule list name", `- rule: [a]\n`, { e: YV }],
    ...["condition", "output", "desc", "priority"].flatMap((k): Row[] => [
      [`rule without ${k}`, rule({ [k]: undefined }), { e: YV }],
      [`rule empty ${k}`, rule({ [k]: '""' }), { e: YV }],
      [`rule null ${k}`, rule({ [k]: "" }), { e: YV }],
      [`rule list ${k}`, rule({ [k]: "[a]" }), { e: YV }],
    ]),
    ["output blank", rule({ output: '" "' }), { e: CO }],
    ["desc blank", rule({ desc: '" "' }), {}],
    ["condition blank", rule({ condition: '" "' }), { e: CC }],
    ["output trimmed", rule({ output: '"  a %proc.name \\n"' }), { out: "a %proc.name" }],
    ["output number", rule({ output: "5" }), { out: "5" }],
    ...[
      "EMERGENCY",
      "Alert",
      "cRitical",
      "error",
      "warning",
      "notice",
      "informational",
      "info",
      "debug",
    ].map((p): Row => [`priority ${p}`, rule({ priority: p }), {}]),
    ...["WARN", "0", "3", "err", "crit", '" info"', '"info "', "emerg"].map((p): Row => [
      `priority bad ${p}`,
      rule({ priority: p }),
      { e: YV },
    ]),
    ["source syscall", rule({ source: "syscall" }), {}],
    ["source unknown", rule({ source: "k8s", condition: "foo.bar = 1" }), { w: [US] }],
    ["source empty", rule({ source: '""' }), { e: YV }],
    ["source null", rule({ source: "" }), { e: YV }],
    ["source known", rule({ source: "foo" }), {}, { sources: ["foo"] }],
    ["source case", rule({ source: "Syscall" }), { w: [US] }],
    ["source changed", R + rule({ source: "k8s" }), { e: V }],
    ["source back", rule({ source: "k8s" }) + R, { e: V, w: [US] }],
    ["source unknown twice", rule({ source: "k8s" }) + rule({ source: "k8s" }), { w: [US, US] }],
    [
      "source unknown with macro",
      `- macro: m\n  condition: proc.name = a\n` + rule({ source: "k8s", condition: "m" }),
      { w: [US, UM] },
    ],
    [
      "source unknown bad exceptions op",
      rule({ source: "k8s" }) + `  exceptions: [{name: e, fields: [x.y], comps: [nope]}]\n`,
      { e: V, w: [US] },
    ],
    [
      "source unknown unknown field",
      rule({ source: "k8s" }) + `  exceptions: [{name: e, fields: [x.y], comps: [=]}]\n`,
      { w: [US] },
    ],
    ["enabled no", rule({ enabled: "no" }), { R: { enabled: false } }],
    ["enabled null", rule({ enabled: "" }), { e: YV }],
    ["enabled word", rule({ enabled: "maybe" }), { e: YV }],
    ["enabled 1", rule({ enabled: "1" }), { e: YV }],
    ["enabled list", rule({ enabled: "[true]" }), { e: YV }],
    ["tags null", rule({ tags: "" }), { e: YV }],
    ["tags scalar", rule({ tags: "a" }), { e: YV }],
    ["tags empty", rule({ tags: "[]" }), {}],
    ["tags null item", rule({ tags: "[null]" }), { e: YV }],
    ["tags sorted", rule({ tags: "[b, a, b, B, 1]" }), { R: { tags: ["1", "B", "a", "b"] } }],
    ["tags empty text", rule({ tags: '["", a]' }), { R: { tags: ["", "a"] } }],
    [
      "tags non-BMP order",
      rule({ tags: '["\\uFF5E", "\\U0001F600"]' }),
      { R: { tags: ["\uFF5E", "\u{1F600}"] } },
    ],
    ["capture", rule({ capture: "true", capture_duration: "500" }), {}],
    ["capture word", rule({ capture: "x" }), { e: YV }],
    ["capture_duration negative", rule({ capture_duration: "-1" }), { e: YV }],
    ["capture_duration big", rule({ capture_duration: "4294967296" }), { e: YV }],
    ["capture_duration max", rule({ capture_duration: "4294967295" }), {}],
    ["capture_duration hex", rule({ capture_duration: "0x10" }), {}],
    ["capture_duration float", rule({ capture_duration: "1.5" }), { e: YV }],
    ["capture_duration quoted", rule({ capture_duration: '"5"' }), {}],
    ["capture_duration null", rule({ capture_duration: "" }), { e: YV }],
    ["unknown keys", rule({ foo: "1", Condition: "x" }), { w: [UK, UK] }],
    ["unknown key twice", R + "  foo: 1\n  foo: 2\n", { w: [UK, UK] }],
    ["dup keys first wins", R + "  output: second\n", { out: "o" }],
    ["skip word", rule({ "skip-if-unknown-filter": "x" }), { e: YV }],
    ["warn_evttypes no", rule({ condition: "proc.name = a", warn_evttypes: "false" }), {}],
    ["no evttype", rule({ condition: "proc.name = a" }), { w: [NE] }],
    [
      "no evttype disabled rule",
      rule({ condition: "proc.name = a", enabled: "false" }),
      { w: [NE] },
    ],
  ],
  "§5 rules with only enabled": [
    ["toggle", R + `- rule: R\n  enabled: false\n`, { w: [DEP], R: { enabled: false } }],
    ["toggle none", `- rule: R\n  enabled: false\n`, { e: V, w: [DEP] }],
    ["toggle missing enabled", R + `- rule: R\n`, { e: YV }],
    ["toggle missing enabled tags", R + `- rule: R\n  tags: [a]\n`, { e: YV }],
    ["toggle null", R + `- rule: R\n  enabled:\n`, { e: YV }],
    [
      "toggle ignores tags",
      R + `- rule: R\n  enabled: false\n  tags: {a: b}\n`,
      { w: [DEP], R: { tags: [] } },
    ],
    [
      "toggle ignores exceptions",
      R + `- rule: R\n  enabled: false\n  exceptions: x\n`,
      { w: [DEP] },
    ],
    ["toggle append false", R + `- rule: R\n  enabled: false\n  append: false\n`, { w: [DEP] }],
    [
      "null condition is not a toggle",
      R + `- rule: R\n  enabled: false\n  condition:\n`,
      { e: YV },
    ],
  ],
  "§5 append: true": [
    ["append none", `- rule: R\n  condition: and a\n  append: true\n`, { e: V, w: [DEP] }],
    ["append nothing", R + `- rule: R\n  append: true\n`, { e: V, w: [DEP] }],
    ["append nothing, no rule", `- rule: R\n  append: true\n`, { e: V, w: [DEP] }],
    [
      "append",
      R + `- rule: R\n  append: true\n  condition: and proc.name = a\n`,
      { w: [DEP], cond: "(evt.type = execve and proc.name = a)" },
    ],
    [
      "append ignores output",
      R +
        `- rule: R\n  append: true\n  condition: and proc.name = a\n  output: x\n  tags: [z]\n  priority: WARN\n  enabled: maybe\n`,
      { w: [DEP], out: "o" },
    ],
    [
      "append null exceptions",
      R + `- rule: R\n  append: true\n  exceptions:\n`,
      { w: [DEP], cond: "evt.type = execve" },
    ],
    [
      "append bad condition",
      R + `- rule: R\n  append: true\n  condition: [a]\n`,
      { e: YV, w: [DEP] },
    ],
    ["append null", R + `- rule: R\n  append:\n  condition: and a\n`, { e: YV }],
    [
      "append+override",
      R + `- rule: R\n  append: true\n  condition: and a\n  override: {condition: append}\n`,
      { e: YV, w: [DEP] },
    ],
    [
      "append not parenthesised",
      rule({ condition: `${C} or proc.name = b` }) +
        `- rule: R\n  append: true\n  condition: and proc.name = a\n`,
      { w: [DEP, NE], cond: "(evt.type = execve or (proc.name = b and proc.name = a))" },
    ],
  ],
  "§5 override": [
    [
      "override: append all",
      R +
        `- rule: R\n  condition: and proc.name = a\n  output: x=%proc.pid\n  desc: more\n  tags: [t]\n  override: {condition: append, output: append, desc: append, tags: append}\n`,
      { cond: "(evt.type = execve and proc.name = a)", out: "o x=%proc.pid", R: { tags: ["t"] } },
    ],
    [
      "override: replace all",
      R +
        `- rule: R\n  condition: evt.type = open\n  output: x\n  desc: more\n  priority: debug\n  tags: [t]\n  enabled: false\n  warn_evttypes: false\n  skip-if-unknown-filter: true\n  capture: true\n  capture_duration: 5\n  exceptions: []\n  override: {condition: replace, output: replace, desc: replace, priority: replace, tags: replace, enabled: replace, warn_evttypes: replace, skip-if-unknown-filter: replace, capture: replace, capture_duration: replace, exceptions: replace}\n`,
      { cond: "evt.type = open", out: "x", R: { priority: "Debug", enabled: false, tags: ["t"] } },
    ],
    [
      "override: append none",
      `- rule: R\n  condition: and a\n  override: {condition: append}\n`,
      { e: V },
    ],
    [
      "override: replace none",
      `- rule: R\n  condition: a\n  override: {condition: replace}\n`,
      { e: V },
    ],
    [
      "override: key missing",
      R + `- rule: R\n  desc: x\n  override: {desc: replace, condition: append}\n`,
      { e: YV },
    ],
    [
      "override: key missing, no rule: append first",
      `- rule: R\n  desc: x\n  override: {desc: append, condition: replace}\n`,
      { e: V },
    ],
    [
      "override: append missing key, no rule",
      `- rule: R\n  desc: x\n  override: {desc: append, condition: append}\n`,
      { e: YV },
    ],
    [
      "override: key unlisted",
      R + `- rule: R\n  desc: x\n  priority: INFO\n  override: {desc: replace}\n`,
      { e: YV },
    ],
    [
      "override: key unlisted, no rule",
      `- rule: R\n  desc: x\n  priority: INFO\n  override: {desc: replace}\n`,
      { e: V },
    ],
    [
      "override: unlisted source ok",
      R + `- rule: R\n  desc: x\n  source: syscall\n  override: {desc: replace}\n`,
      {},
    ],
    [
      "override: unlisted other source ignored",
      R + `- rule: R\n  desc: x\n  source: k8s\n  override: {desc: replace}\n`,
      {},
    ],
    ["override: source", R + `- rule: R\n  source: x\n  override: {source: replace}\n`, { e: YV }],
    [
      "override: rule",
      R + `- rule: R\n  desc: x\n  override: {desc: replace, rule: replace}\n`,
      { e: YV },
    ],
    [
      "override: priority append",
      R + `- rule: R\n  priority: INFO\n  override: {priority: append}\n`,
      { e: YV },
    ],
    ["override: bad op", R + `- rule: R\n  desc: x\n  override: {desc: prepend}\n`, { e: YV }],
    [
      "override: bad priority",
      R + `- rule: R\n  priority: WARN\n  override: {priority: replace}\n`,
      { e: YV },
    ],
    [
      "override: bad priority, no rule",
      `- rule: R\n  priority: WARN\n  desc: x\n  override: {priority: replace, desc: append}\n`,
      { e: V },
    ],
    [
      "override: bad priority, no rule, no append",
      `- rule: R\n  priority: WARN\n  override: {priority: replace}\n`,
      { e: YV },
    ],
    [
      "override: output replace not trimmed",
      R + `- rule: R\n  output: " x "\n  override: {output: replace}\n`,
      { out: " x " },
    ],
    [
      "override: output append not trimmed",
      R + `- rule: R\n  output: " x "\n  override: {output: append}\n`,
      { out: "o  x " },
    ],
    [
      "override: empty text",
      R + `- rule: R\n  output: ""\n  override: {output: append}\n`,
      { e: YV },
    ],
    [
      "override: empty map is redefinition",
      R + `- rule: R\n  condition: ${C}\n  override: {}\n`,
      { e: YV },
    ],
    ["override: tags empty", R + `- rule: R\n  tags: []\n  override: {tags: append}\n`, {}],
    [
      "override: append then replace",
      R +
        `- rule: R\n  desc: x\n  condition: and proc.name = a\n  override: {desc: replace, condition: append}\n`,
      { cond: "(evt.type = execve and proc.name = a)" },
    ],
    ["override: scalar", R + rule({ output: "z" }) + `  override: replace\n`, { out: "z" }],
    ["override: list", R + rule() + `  override: [desc]\n`, { e: V }],
    [
      "override: enabled",
      rule({ enabled: "false" }) + `- rule: R\n  enabled: true\n  override: {enabled: replace}\n`,
      { R: { enabled: true } },
    ],
    [
      "override: unused wrong types",
      R + `- rule: R\n  desc: x\n  append: no\n  override: {desc: replace}\n`,
      {},
    ],
    [
      "override: exceptions replace without fields",
      ex("- name: e\n  fields: proc.name\n  values: [a]") +
        `- rule: R\n  exceptions: [{name: e, values: [b]}]\n  override: {exceptions: replace}\n`,
      { e: YV },
    ],
    [
      "override: exceptions replace no comps",
      ex("- name: e\n  fields: proc.name\n  values: [a]") +
        `- rule: R\n  exceptions: [{name: e, fields: proc.name, values: [b]}]\n  override: {exceptions: replace}\n`,
      { e: CC },
    ],
    [
      "override: exceptions replace full",
      ex("- name: e\n  fields: proc.name\n  values: [a]") +
        `- rule: R\n  exceptions: [{name: e, fields: proc.name, comps: in, values: [b]}]\n  override: {exceptions: replace}\n`,
      { cond: "(evt.type = execve and not proc.name in (b))" },
    ],
    [
      "override: exceptions replace any comp",
      ex("- name: e\n  fields: proc.name\n  values: [a]") +
        `- rule: R\n  exceptions: [{name: e, fields: proc.name, comps: pmatch, values: [b]}]\n  override: {exceptions: replace}\n`,
      { cond: "(evt.type = execve and not proc.name pmatch (b))" },
    ],
    [
      "override: exceptions replace no values, no warning",
      ex("- name: e\n  fields: proc.name\n  values: [a]") +
        `- rule: R\n  exceptions: [{name: e, fields: proc.name}]\n  override: {exceptions: replace}\n`,
      { cond: "evt.type = execve" },
    ],
    [
      "override: exceptions replace null",
      ex("- name: e\n  fields: proc.name\n  values: [a]") +
        `- rule: R\n  exceptions:\n  override: {exceptions: replace}\n`,
      { cond: "evt.type = execve" },
    ],
    [
      "override: exceptions replace unknown field",
      R +
        `- rule: R\n  exceptions: [{name: e, fields: no.such, comps: in}]\n  override: {exceptions: replace}\n`,
      {},
    ],
  ],
  "§5 exceptions": [
    ["exception: null", R + "  exceptions:\n", { cond: "evt.type = execve" }],
    ["exception: scalar", R + "  exceptions: a\n", { e: YV }],
    ["exception: item scalar", R + "  exceptions: [a]\n", { e: YV }],
    ["exception: item null", R + "  exceptions: [null]\n", { e: YV }],
    ["exception: no name", R + "  exceptions: [{fields: proc.name}]\n", { e: YV }],
    ["exception: null name", R + "  exceptions: [{name: , fields: proc.name}]\n", { e: YV }],
    ["exception: no fields", R + "  exceptions: [{name: e}]\n", { e: YV }],
    ["exception: fields null", R + "  exceptions: [{name: e, fields: }]\n", { e: V }],
    ["exception: fields empty list", R + "  exceptions: [{name: e, fields: []}]\n", { e: V }],
    ["exception: fields empty text", R + '  exceptions: [{name: e, fields: ""}]\n', { e: YV }],
    ["exception: fields map", R + "  exceptions: [{name: e, fields: {a: b}}]\n", { e: V }],
    ["exception: comps null", R + "  exceptions: [{name: e, fields: proc.name, comps: }]\n", {}],
    [
      "exception: comps empty list",
      R + "  exceptions: [{name: e, fields: [proc.name], comps: [], values: [[a]]}]\n",
      { cond: "(evt.type = execve and not proc.name = a)" },
    ],
    [
      "exception: comps empty list scalar fields",
      R + "  exceptions: [{name: e, fields: proc.name, comps: [], values: [a]}]\n",
      { cond: "(evt.type = execve and not proc.name in (a))" },
    ],
    [
      "exception: comps list scalar fields",
      R + "  exceptions: [{name: e, fields: proc.name, comps: [in]}]\n",
      { e: V },
    ],
    [
      "exception: comps scalar list fields",
      R + "  exceptions: [{name: e, fields: [proc.name], comps: in}]\n",
      { e: V },
    ],
    [
      "exception: comps =",
      R + "  exceptions: [{name: e, fields: proc.name, comps: =}]\n",
      { e: V },
    ],
    [
      "exception: comps exists list",
      R + "  exceptions: [{name: e, fields: [proc.name], comps: [exists]}]\n",
      {},
    ],
    [
      "exception: comps exists list values",
      R + "  exceptions: [{name: e, fields: [proc.name], comps: [exists], values: [[a]]}]\n",
      { e: CC },
    ],
    [
      "exception: comps unknown",
      R + "  exceptions: [{name: e, fields: [proc.name], comps: [no-comp]}]\n",
      { e: V },
    ],
    [
      "exception: comps trimmed",
      R + "  exceptions: [{name: e, fields: [proc.name], comps: [' = '], values: [[a]]}]\n",
      { cond: "(evt.type = execve and not proc.name = a)" },
    ],
    [
      "exception: comps modifier",
      R +
        "  exceptions: [{name: e, fields: [proc.name], comps: ['contains anyof'], values: [[a]]}]\n",
      { cond: "(evt.type = execve and not proc.name contains anyof (a))" },
    ],
    [
      "exception: comps modifier flat",
      R + "  exceptions: [{name: e, fields: proc.name, comps: startswith oneof, values: [a, b]}]\n",
      { cond: "(evt.type = execve and not proc.name startswith oneof (a, b))" },
    ],
    [
      "exception: comps bad modifier",
      R + "  exceptions: [{name: e, fields: [proc.name], comps: ['in anyof']}]\n",
      { e: V },
    ],
    ["exception: unknown field", R + "  exceptions: [{name: e, fields: [no.such]}]\n", { e: V }],
    ["exception: unknown field flat", R + "  exceptions: [{name: e, fields: no.such}]\n", { e: V }],
    [
      "exception: field transformer",
      R + "  exceptions: [{name: e, fields: ['tolower( proc.name)'], values: [[a]]}]\n",
      { cond: "(evt.type = execve and not tolower(proc.name) = a)" },
    ],
    [
      "exception: field arg",
      R + "  exceptions: [{name: e, fields: ['proc.aname[2]'], values: [[a]]}]\n",
      { cond: "(evt.type = execve and not proc.aname[2] = a)" },
    ],
    [
      "exception: lengths",
      R + "  exceptions: [{name: e, fields: [proc.name, proc.pid], comps: [=]}]\n",
      { e: V },
    ],
    [
      "exception: values null",
      R + "  exceptions: [{name: e, fields: proc.name, values: }]\n",
      { e: YV },
    ],
    [
      "exception: values scalar",
      R + "  exceptions: [{name: e, fields: proc.name, values: a}]\n",
      { e: YV },
    ],
    [
      "exception: values empty",
      R + "  exceptions: [{name: e, fields: proc.name, values: []}]\n",
      { cond: "evt.type = execve" },
    ],
    [
      "exception: values empty text",
      R + '  exceptions: [{name: e, fields: proc.name, values: [""]}]\n',
      { e: YV },
    ],
    [
      "exception: values null item",
      R + "  exceptions: [{name: e, fields: proc.name, values: [null]}]\n",
      { cond: "(evt.type = execve and not proc.name in ())" },
    ],
    [
      "exception: values tilde item",
      R + "  exceptions: [{name: e, fields: proc.name, values: [~]}]\n",
      { cond: "(evt.type = execve and not proc.name in ())" },
    ],
    [
      "exception: values map item",
      R + "  exceptions: [{name: e, fields: proc.name, values: [{a: b}]}]\n",
      { cond: "(evt.type = execve and not proc.name in ())" },
    ],
    [
      "exception: values row in flat",
      R + "  exceptions: [{name: e, fields: proc.name, values: [[a]]}]\n",
      { e: V },
    ],
    [
      "exception: row scalar",
      R + "  exceptions: [{name: e, fields: [proc.name], values: [a]}]\n",
      { e: V },
    ],
    [
      "exception: row length",
      R + "  exceptions: [{name: e, fields: [proc.name], values: [[a, b]]}]\n",
      { e: V },
    ],
    [
      "exception: row empty cell",
      R + '  exceptions: [{name: e, fields: [proc.name], values: [[""]]}]\n',
      { e: YV },
    ],
    [
      "exception: row null cell",
      R + "  exceptions: [{name: e, fields: [proc.name], values: [[null]]}]\n",
      { e: CC },
    ],
    [
      "exception: row null cell under list operator",
      R + "  exceptions: [{name: e, fields: [proc.name], comps: [in], values: [[null]]}]\n",
      { cond: "(evt.type = execve and not proc.name in ())" },
    ],
    [
      "exception: row two",
      R +
        "  exceptions: [{name: e, fields: [proc.name, proc.pid], comps: [=, in], values: [[a, 1], [b, [2, 3]]]}]\n",
      {
        cond: "(evt.type = execve and not ((proc.name = a and proc.pid in (1)) or (proc.name = b and proc.pid in (2, 3))))",
      },
    ],
    [
      "exception: cell with paren",
      R + "  exceptions: [{name: e, fields: [proc.name], comps: [in], values: [['(a, b)']]}]\n",
      { cond: "(evt.type = execve and not proc.name in (a, b))" },
    ],
    [
      "exception: cell with blank in list operator",
      R + "  exceptions: [{name: e, fields: [proc.name], comps: [in], values: [['a b']]}]\n",
      { e: CC },
    ],
    [
      "exception: cell quoted",
      R +
        "  exceptions: [{name: e, fields: [proc.cmdline], comps: [contains], values: [['a b']]}]\n",
      { cond: '(evt.type = execve and not proc.cmdline contains "a b")' },
    ],
    [
      "exception: cell own quotes",
      R +
        `  exceptions: [{name: e, fields: [proc.cmdline], comps: [contains], values: [['"a b"']]}]\n`,
      { cond: '(evt.type = execve and not proc.cmdline contains "a b")' },
    ],
    [
      "exception: flat blank quoted",
      R + "  exceptions: [{name: e, fields: proc.cmdline, values: [a b]}]\n",
      { cond: '(evt.type = execve and not proc.cmdline in ("a b"))' },
    ],
    [
      "exception: list in list",
      R + "  exceptions: [{name: e, fields: [proc.name], comps: [in], values: [[[a, [b]]]]}]\n",
      { e: CC },
    ],
    [
      "exception: list value under =",
      R + "  exceptions: [{name: e, fields: [proc.name], comps: [=], values: [[[a]]]}]\n",
      { e: CC },
    ],
    [
      "exception: dup names",
      R + "  exceptions: [{name: e, fields: proc.name}, {name: e, fields: proc.name}]\n",
      { w: [NU] },
    ],
    [
      "exception: dup names three",
      R +
        "  exceptions: [{name: e, fields: proc.name}, {name: e, fields: proc.name}, {name: e, fields: proc.name}]\n",
      { w: [NU, NU, NU] },
    ],
    [
      "exception: dup names, then other error before",
      rule({ output: undefined }) +
        "  exceptions: [{name: e, fields: proc.name}, {name: e, fields: proc.name}]\n",
      { e: YV },
    ],
    [
      "exception: dup names, bad capture before",
      rule({ capture: "x" }) +
        "  exceptions: [{name: e, fields: proc.name}, {name: e, fields: proc.name}]\n",
      { e: YV },
    ],
    [
      "exception: list name in values",
      `- list: L\n  items: [a, b]\n` +
        R +
        "  exceptions: [{name: e, fields: proc.name, values: [L]}]\n",
      { cond: "(evt.type = execve and not proc.name in (a, b))" },
    ],
    [
      "exception: wraps condition",
      rule({ condition: `${C} or proc.name = a` }) +
        "  exceptions: [{name: e, fields: proc.pid, values: [1]}]\n",
      { w: [NE], cond: "((evt.type = execve or proc.name = a) and not proc.pid in (1))" },
    ],
    [
      "exception: wraps unbalanced",
      rule({ condition: `${C}) or (proc.name = a` }) +
        "  exceptions: [{name: e, fields: proc.pid}]\n",
      { w: [NE], cond: "(evt.type = execve or proc.name = a)" },
    ],
    [
      "exception: two",
      R +
        "  exceptions: [{name: e, fields: proc.pid, values: [1]}, {name: f, fields: [proc.name], values: [[a]]}]\n",
      { cond: "(evt.type = execve and not proc.pid in (1) and not proc.name = a)" },
    ],
    [
      "exception: rhs transformer",
      R + "  exceptions: [{name: e, fields: [proc.name], values: [['toupper(proc.pname)']]}]\n",
      { cond: "(evt.type = execve and not proc.name = toupper(proc.pname))" },
    ],
    [
      "exception: rhs field",
      R + "  exceptions: [{name: e, fields: [proc.name], values: [[proc.pname]]}]\n",
      { w: [LC], cond: "(evt.type = execve and not proc.name = proc.pname)" },
    ],
    [
      "exception: rhs field blank",
      R + "  exceptions: [{name: e, fields: [proc.name], values: [['proc.pname ']]}]\n",
      { w: [LC], cond: '(evt.type = execve and not proc.name = "proc.pname ")' },
    ],
  ],
  "§5 exceptions that are added": [
    [
      "added exception: values",
      ex("- name: e\n  fields: proc.name\n  values: [a]") +
        "- rule: R\n  append: true\n  exceptions: [{name: e, values: [b]}]\n",
      { w: [DEP], cond: "(evt.type = execve and not proc.name in (a, b))" },
    ],
    [
      "added exception: no values",
      ex("- name: e\n  fields: proc.name\n  values: [a]") +
        "- rule: R\n  append: true\n  exceptions: [{name: e}]\n",
      { w: [DEP, NV] },
    ],
    [
      "added exception: empty values",
      ex("- name: e\n  fields: proc.name\n  values: [a]") +
        "- rule: R\n  append: true\n  exceptions: [{name: e, values: []}]\n",
      { w: [DEP] },
    ],
    [
      "added exception: fields given",
      ex("- name: e\n  fields: proc.name\n  values: [a]") +
        "- rule: R\n  append: true\n  exceptions: [{name: e, fields: proc.name, values: [b]}]\n",
      { e: V, w: [DEP] },
    ],
    [
      "added exception: comps given",
      ex("- name: e\n  fields: proc.name\n  values: [a]") +
        "- rule: R\n  append: true\n  exceptions: [{name: e, comps: in, values: [b]}]\n",
      { e: V, w: [DEP] },
    ],
    [
      "added exception: fields null given",
      ex("- name: e\n  fields: proc.name\n  values: [a]") +
        "- rule: R\n  append: true\n  exceptions: [{name: e, fields: , values: [b]}]\n",
      { w: [DEP], cond: "(evt.type = execve and not proc.name in (a, b))" },
    ],
    [
      "added exception: new",
      R + "- rule: R\n  append: true\n  exceptions: [{name: e, fields: proc.name, values: [b]}]\n",
      { w: [DEP], cond: "(evt.type = execve and not proc.name in (b))" },
    ],
    [
      "added exception: new no fields",
      R + "- rule: R\n  append: true\n  exceptions: [{name: e, values: [b]}]\n",
      { e: V, w: [DEP] },
    ],
    [
      "added exception: new no values",
      R + "- rule: R\n  append: true\n  exceptions: [{name: e, fields: proc.name}]\n",
      { e: V, w: [DEP, NV] },
    ],
    [
      "added exception: new twice",
      R +
        "- rule: R\n  append: true\n  exceptions: [{name: e, fields: proc.name, values: [b]}, {name: e, fields: proc.name, values: [c]}]\n",
      { e: V, w: [DEP, NU] },
    ],
    [
      "added exception: new twice values",
      R +
        "- rule: R\n  append: true\n  exceptions: [{name: e, fields: proc.name, values: [b]}, {name: e, values: [c]}]\n",
      { w: [DEP, NU], cond: "(evt.type = execve and not proc.name in (b, c))" },
    ],
    [
      "added exception: wrong shape of values",
      ex("- name: e\n  fields: proc.name\n  values: [a]") +
        "- rule: R\n  append: true\n  exceptions: [{name: e, values: [[b]]}]\n",
      { e: V, w: [DEP] },
    ],
  ],
  "§5 skip-if-unknown-filter": [
    [
      "skip field",
      rule({ condition: "no.such = 1", "skip-if-unknown-filter": "true" }),
      { w: [UF], names: [] },
    ],
    ["skip field off", rule({ condition: "no.such = 1" }), { e: CC }],
    [
      "skip event type",
      rule({ condition: "evt.type = nosuch", "skip-if-unknown-filter": "true" }),
      { w: [UF] },
    ],
    ["skip output", rule({ output: '"%no.such"', "skip-if-unknown-filter": "true" }), { w: [UF] }],
    [
      "skip output, macro then unused",
      `- macro: m\n  condition: proc.name = a\n` +
        rule({ condition: `${C} and m`, output: '"%no.such"', "skip-if-unknown-filter": "true" }),
      { w: [UF, UM] },
    ],
    [
      "skip output, condition wrong too",
      rule({ condition: "proc.name =", output: '"%no.such"', "skip-if-unknown-filter": "true" }),
      { w: [UF] },
    ],
    [
      "skip condition, macro used",
      `- macro: m\n  condition: proc.name = a\n` +
        rule({ condition: `no.such = 1 and m`, "skip-if-unknown-filter": "true" }),
      { w: [UF] },
    ],
    [
      "skip not for values",
      rule({ condition: "proc.pid = abc", "skip-if-unknown-filter": "true" }),
      { e: CC },
    ],
    [
      "skip not for macros",
      rule({ condition: "nomacro", "skip-if-unknown-filter": "true" }),
      { e: V },
    ],
    [
      "skip not syntax",
      rule({ condition: "proc.name =", "skip-if-unknown-filter": "true" }),
      { e: CC },
    ],
    [
      "skip first error decides",
      rule({ condition: "proc.pid = abc and no.such = 1", "skip-if-unknown-filter": "true" }),
      { e: CC },
    ],
    [
      "skip first error decides 2",
      rule({ condition: "no.such = 1 and proc.pid = abc", "skip-if-unknown-filter": "true" }),
      { w: [UF] },
    ],
    [
      "skip keeps deprecated",
      rule({ condition: "evt.dir = < and no.such = 1", "skip-if-unknown-filter": "true" }),
      { w: [UF, DEP] },
    ],
    [
      "skip no plain regex",
      rule({ condition: "proc.name regex abc and no.such = 1", "skip-if-unknown-filter": "true" }),
      { w: [UF] },
    ],
    [
      "skip no container fields",
      rule({ condition: "container.id = 1", "skip-if-unknown-filter": "true" }),
      { w: [UF] },
      { no_container: true },
    ],
    ["error no plain regex", rule({ condition: "proc.name regex abc and no.such = 1" }), { e: CC }],
    [
      "error keeps deprecated",
      rule({ condition: "evt.dir = < and no.such = 1" }),
      { e: CC, w: [DEP] },
    ],
    [
      "output error before condition",
      rule({ condition: "no.such = 1", output: '"%no.such"' }),
      { e: CO },
    ],
    [
      "exceptions before output",
      rule({ output: '"%no.such"' }) +
        "  exceptions: [{name: e, fields: [proc.name], values: [[a, b]]}]\n",
      { e: V },
    ],
  ],
  "§6 deprecated items; §9 outputs": [
    ["deprecated: dir", rule({ condition: `${C} and evt.dir = <` }), { w: [DEP] }],
    [
      "deprecated: dir twice",
      rule({ condition: `${C} and evt.dir = < and evt.dir = <` }),
      { w: [DEP] },
    ],
    [
      "deprecated: two",
      rule({ condition: `${C} and evt.dir = < and evt.latency > 0` }),
      { w: [DEP, DEP] },
    ],
    [
      "deprecated: in macro used by two",
      `- macro: m\n  condition: evt.dir = <\n` +
        rule({ condition: `${C} and m` }) +
        rule({ name: "S", condition: `${C} and m` }),
      { w: [DEP, DEP] },
    ],
    ["deprecated: in output", rule({ output: '"%evt.dir"' }), { w: [DEP] }],
    ["deprecated: in output text", rule({ output: "evt.dir" }), { w: [DEP] }],
    ["deprecated: in output latency", rule({ output: '"%evt.latency.ns"' }), { w: [DEP, DEP] }],
    [
      "deprecated: in output append",
      R,
      { w: [DEP] },
      { append_output: [{ extra_output: "%evt.dir" }] },
    ],
    [
      "deprecated: in extra field",
      R,
      { w: [DEP] },
      { append_output: [{ extra_fields: [{ x: "%evt.dir" }] }] },
    ],
    [
      "deprecated: in extra raw field",
      R,
      { w: [DEP] },
      { append_output: [{ extra_fields: ["evt.dir"] }] },
    ],
    ["container.info", rule({ output: '"a %container.info b"' }), { w: [DEP], out: "a  b" }],
    [
      "container.info twice",
      rule({ output: '"a %container.info b %container.info"' }),
      { w: [DEP], out: "a  b " },
    ],
    ["container.info only", rule({ output: '"%container.info"' }), { w: [DEP], e: CO }],
    [
      "container.info in append",
      R,
      { w: [DEP], out: "o " },
      { append_output: [{ extra_output: "%container.info" }] },
    ],
    [
      "append output",
      R,
      { out: "o %proc.pid" },
      { append_output: [{ extra_output: "%proc.pid" }] },
    ],
    ["append output bad", R, { e: CO }, { append_output: [{ extra_output: "%no.such" }] }],
    [
      "append output two",
      R,
      { out: "o a b" },
      { append_output: [{ extra_output: "a" }, { extra_output: "b" }] },
    ],
    [
      "append output tags",
      rule({ tags: "[a, b]" }) + rule({ name: "S", tags: "[a]" }),
      { R: { output: "o X" }, S: { output: "o" } },
      { append_output: [{ match: { tags: ["a", "b"] }, extra_output: "X" }] },
    ],
    [
      "append output source",
      R,
      { out: "o" },
      { append_output: [{ match: { source: "k8s" }, extra_output: "X" }] },
    ],
    [
      "append output rule",
      R,
      { out: "o X" },
      { append_output: [{ match: { rule: "R" }, extra_output: "X" }] },
    ],
    [
      "append suggested",
      R,
      {
        out: "o container_id=%container.id container_name=%container.name container_image_repository=%container.image.repository container_image_tag=%container.image.tag k8s_pod_name=%k8s.pod.name k8s_ns_name=%k8s.ns.name",
      },
      { append_output: [{ suggested_output: true }] },
    ],
  ],
  "§5 documents and entries": [
    ["a byte order mark", `\ufeff${R}`, { names: ["R"] }],
    ["carriage returns", R.replaceAll("\n", "\r\n"), { names: ["R"] }],
    ["unknown item", `- foo: 1\n`, { w: [UI] }],
    ["empty map", `- {}\n`, { w: [UI] }],
    ["items scalar", `- a\n`, { e: YV }],
    ["item null", `- \n` + R, {}],
    ["item list", `- [a]\n`, { e: YV }],
    ["doc map", `rule: R\n`, { e: YV }],
    ["doc scalar", `hello\n`, { e: YV }],
    ["doc empty", ``, {}],
    ["doc comment", `# hi\n`, {}],
    ["doc null", `null\n`, {}],
    ["doc tilde", `~\n`, {}],
    ["doc empty list", `[]\n`, {}],
    ["two docs", R + "---\n" + rule({ name: "S" }), { names: ["R", "S"] }],
    ["empty doc ends", R + "---\n---\n" + rule({ name: "S" }), { names: ["R"] }],
    ["empty doc ends 2", "---\n---\n" + R, { names: [] }],
    ["leading marker", "---\n" + R, { names: ["R"] }],
    ["leading comment marker", "# c\n---\n" + R, { names: ["R"] }],
    ["trailing marker", R + "---\n", { names: ["R"] }],
    ["document end", R + "...\n", { names: ["R"] }],
    ["second doc map", R + "---\na: b\n", { e: YV }],
    [
      "empty list doc does not end",
      R + "---\n[]\n---\n" + rule({ name: "S" }),
      { names: ["R", "S"] },
    ],
    ["parse error", "- rule: [\n", { e: YP }],
    ["parse error beats validate", "- a\n---\n- rule: [\n", { e: YP }],
    [
      "anchor",
      "- list: A\n  items: &x [a, b]\n- list: B\n  items: *x\n",
      { w: [UL, UL], lists: { A: ["a", "b"], B: ["a", "b"] } },
    ],
    [
      "anchor scalar",
      rule({ condition: `&c ${C}` }) + rule({ name: "S", condition: "*c" }),
      { S: { condition: C } },
    ],
    ["unknown alias", "- list: A\n  items: *x\n", { e: YP }],
    [
      "merge key 2",
      "- &a\n  list: A\n  items: [a]\n- <<: *a\n  list: B\n  items: []\n",
      { w: [UL, UL, UK] },
    ],
    [
      "kind order list/macro",
      "- macro: m\n  list: L\n  items: []\n  condition: x\n",
      { w: [UK, UK, UL] },
    ],
    [
      "kind order macro/rule",
      "- rule: r\n  macro: m\n  condition: proc.name = x\n",
      { w: [UK, UM] },
    ],
    [
      "folded",
      "- rule: R\n  desc: d\n  condition: >\n    evt.type = execve\n    and proc.name = a\n  output: >\n    a\n    b\n  priority: INFO\n",
      { cond: "(evt.type = execve and proc.name = a)", out: "a b" },
    ],
    ["tabs in condition", rule({ condition: `"evt.type\\t=\\texecve"` }), { cond: C }],
  ],
  "§5 resolution": [
    [
      "a doubtful value of a macro that is used twice",
      `- macro: m\n  condition: proc.name = proc.pname\n` +
        rule({ condition: `${C} and (m or not m)` }),
      { w: [LC, LC] },
    ],
    [
      "list names side by side in quoted text",
      `- list: l\n  items: [a]\n` + rule({ condition: `${C} and proc.args = "x l  l y"` }),
      { cond: '(evt.type = execve and proc.args = "x a a y")' },
    ],
    [
      "empty lists side by side",
      `- list: l\n  items: []\n` + rule({ condition: `${C} and proc.args = "x ,l , l y"` }),
      { cond: '(evt.type = execve and proc.args = "x     y")' },
    ],
    [
      "an empty list in a list takes a comma of the condition",
      `- list: l\n  items: [n]\n- list: n\n  items: []\n` +
        rule({ condition: `${C} and proc.name in (a, l)` }),
      { cond: "(evt.type = execve and proc.name in (a))" },
    ],
    [
      "a list name of two words",
      `- list: l n\n  items: [a]\n- list: n\n  items: [b]\n` +
        rule({ condition: `${C} and proc.name in (l n, n)` }),
      { cond: "(evt.type = execve and proc.name in (a, b))", w: [IL] },
    ],
    [
      "lists that make a condition too long",
      Array.from(
        { length: 7 },
        (_, i) => `- list: l${String(i)}\n  items: [l${String(i + 1)}, l${String(i + 1)}]\n`,
      ).join("") +
        `- list: l7\n  items: [${"x".repeat(40_000)}]\n` +
        rule({ condition: `${C} and proc.name in (l0)` }),
      { e: CC },
    ],
    [
      "lists one level",
      `- list: A\n  items: [x]\n- list: B\n  items: [A, y]\n- list: D\n  items: [B]\n`,
      { w: [UL], lists: { A: ["x"], B: ["x", "y"], D: ["A", "y"] } },
    ],
    [
      "list later",
      `- list: B\n  items: [A]\n- list: A\n  items: [x]\n`,
      { w: [UL, UL], lists: { B: ["A"], A: ["x"] } },
    ],
    [
      "list later appended",
      `- list: B\n  items: [A]\n- list: A\n  items: [x]\n- list: B\n  items: [z]\n  append: true\n`,
      { w: [DEP, UL], lists: { B: ["x", "z"], A: ["x"] } },
    ],
    ["list self", `- list: A\n  items: [A]\n`, { w: [UL], lists: { A: ["A"] } }],
    [
      "list self appended",
      `- list: A\n  items: [A]\n- list: A\n  items: [b]\n  append: true\n`,
      { w: [DEP], lists: { A: ["A", "b", "b"] } },
    ],
    [
      "list text replaced",
      `- list: A\n  items: [x, y z]\n` + rule({ condition: `${C} and proc.name in (A)` }),
      { cond: '(evt.type = execve and proc.name in (x, "y z"))' },
    ],
    [
      "list without parens",
      `- list: A\n  items: [x]\n` + rule({ condition: `${C} and proc.name in A` }),
      { cond: "(evt.type = execve and proc.name in x)" },
    ],
    [
      "list after =",
      `- list: A\n  items: [x]\n` + rule({ condition: `${C} and proc.name=A` }),
      { cond: "(evt.type = execve and proc.name = x)" },
    ],
    [
      "list empty comma left",
      `- list: A\n  items: []\n` + rule({ condition: `${C} and proc.name in (x, A)` }),
      { cond: "(evt.type = execve and proc.name in (x))" },
    ],
    [
      "list empty comma right",
      `- list: A\n  items: []\n` + rule({ condition: `${C} and proc.name in (A, x)` }),
      { cond: "(evt.type = execve and proc.name in (x))" },
    ],
    [
      "list empty alone",
      `- list: A\n  items: []\n` + rule({ condition: `${C} and proc.name in (A)` }),
      { cond: "(evt.type = execve and proc.name in ())" },
    ],
    [
      "list in quotes",
      `- list: A\n  items: [x]\n` + rule({ condition: `'${C} and proc.name = "a A b"'` }),
      { cond: '(evt.type = execve and proc.name = "a x b")' },
    ],
    [
      "list chain of names",
      `- list: A\n  items: [B]\n- list: B\n  items: [x]\n` +
        rule({ condition: `${C} and proc.name in (A)` }),
      { cond: "(evt.type = execve and proc.name in (x))" },
    ],
    [
      "list chain reverse",
      `- list: B\n  items: [x]\n- list: A\n  items: [C]\n- list: C\n  items: [y]\n` +
        rule({ condition: `${C} and proc.name in (A, B, C)` }),
      { cond: "(evt.type = execve and proc.name in (y, x, y))" },
    ],
    [
      "list empty string items",
      `- list: A\n  items: ["", x]\n` + rule({ condition: `${C} and proc.name in (A)` }),
      { cond: "(evt.type = execve and proc.name in (x))" },
    ],
    [
      "list x empty",
      `- list: A\n  items: [x, ""]\n` + rule({ condition: `${C} and proc.name in (A)` }),
      { e: CC },
    ],
    [
      "used list in macro",
      `- list: A\n  items: [x]\n- macro: m\n  condition: proc.name in (A)\n`,
      { w: [UM] },
    ],
    ["unknown macro", rule({ condition: "zzz" }), { e: V }],
    [
      "macro in exceptions value",
      R + "  exceptions: [{name: e, fields: proc.name, values: [m]}]\n",
      {},
    ],
  ],
  "§5 several files; §6 repeats": [
    [
      "two files repeat warnings",
      [`- macro: m\n  condition: proc.name = a\n`, rule({ name: "S" })],
      { w: [UM] },
    ],
    [
      "two files: later uses",
      [`- macro: m\n  condition: proc.name = a\n`, rule({ condition: `${C} and m` })],
      {},
    ],
    ["first fails", [`- a\n`, R], { e: YV }],
    [
      "second file: reader warnings of first not repeated",
      [R + "  foo: 1\n", rule({ name: "S" })],
      {},
    ],
    [
      "second file: evttype repeated",
      [rule({ condition: "proc.name = a" }), rule({ name: "S" })],
      { w: [NE] },
    ],
    [
      "second file: unknown source not repeated",
      [rule({ source: "k8s" }), rule({ name: "S" })],
      {},
    ],
    [
      "order kept",
      rule({ name: "A" }) + rule({ name: "B" }) + rule({ name: "A" }),
      { names: ["A", "B"] },
    ],
  ],
  "§8 enabled state": [
    ["selection: none", R + rule({ name: "S", enabled: "false" }), { on: ["R"] }],
    [
      "selection: disable wild",
      R + rule({ name: "RS" }),
      { on: [] },
      { selection: [{ disable: { rule: "R*" } }] },
    ],
    [
      "selection: exact no substring",
      rule({ name: "RS" }),
      { on: ["RS"] },
      { selection: [{ disable: { rule: "R" } }] },
    ],
    ["selection: case", R, { on: ["R"] }, { selection: [{ disable: { rule: "r" } }] }],
    [
      "selection: tag",
      rule({ tags: "[a]" }) + rule({ name: "S" }),
      { on: ["R"] },
      { selection: [{ disable: { rule: "*" } }, { enable: { tag: "a" } }] },
    ],
    [
      "selection: quirk star suffix",
      rule({ name: "abcabc" }),
      { on: ["abcabc"] },
      { selection: [{ disable: { rule: "*abc" } }] },
    ],
    [
      "selection: star middle",
      rule({ name: "a x b" }),
      { on: [] },
      { selection: [{ disable: { rule: "a*b" } }] },
    ],
    [
      "selection: star middle quirk",
      rule({ name: "a b b" }),
      { on: ["a b b"] },
      { selection: [{ disable: { rule: "a*b" } }] },
    ],
    [
      "selection: star end",
      rule({ name: "a b b" }),
      { on: [] },
      { selection: [{ disable: { rule: "a*b*" } }] },
    ],
    ["selection: empty", R, { on: ["R"] }, { selection: [{ disable: { rule: "" } }] }],
    [
      "selection: both in one",
      rule({ tags: "[a]" }),
      { on: [] },
      { selection: [{ disable: { tag: "a" } }] },
    ],
    [
      "min priority",
      rule({ priority: "debug" }) + rule({ name: "S", priority: "warning" }),
      { on: ["S"] },
      { min_priority: "warning" },
    ],
    ["unknown source not enabled", rule({ source: "k8s" }), { w: [US], names: [], on: [] }],
  ],
};

interface Answer {
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  readonly rules: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly lists: object;
  readonly macros: Readonly<Record<string, string>>;
  readonly enabled_after_selection?: readonly string[];
  readonly plugins_ok?: boolean;
}

/** Of what came of loading, what is wanted. */
function askedOf(answer: Answer, wanted: Wanted): Wanted {
  const { rules, lists, macros, errors, warnings } = answer;
  const part = (name: string, like: object = {}): Readonly<Record<string, unknown>> =>
    Object.fromEntries(Object.keys(like).map((key) => [key, rules[name]?.[key]]));
  const all = {
    cond: rules["R"]?.["condition"],
    out: rules["R"]?.["output"],
    R: part("R", wanted.R),
    S: part("S", wanted.S),
    m: macros["m"],
    lists,
    macros,
    names: Object.keys(rules),
    on: answer.enabled_after_selection,
    plugins: answer.plugins_ok,
  };
  const asked = Object.entries(all).filter(([key]) => key in wanted);
  return { e: errors.join(), w: warnings, ...Object.fromEntries(asked) };
}

for (const [section, rows] of Object.entries(sections)) {
  t.test(section, (t) => {
    for (const [name, files, wanted, more = {}] of rows) {
      const input = { id: name, files: [files].flat(), ...more };
      const answer = JSON.parse(answerLine(JSON.stringify(input), answerLoad)) as Answer;
      const { e = "", w = [], ...rest } = wanted;
      t.same(askedOf(answer, wanted), { e, w: [...w].sort(), ...rest }, name);
    }
    t.end();
  });
}
