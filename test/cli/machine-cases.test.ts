// Cases of the machine interface, one row each: what goes in, what comes out.
// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { ruleText } from "../rules/load-text.ts";
import { ask } from "./ask-machine.ts";

type Row = readonly [name: string, input: object, answer: object];

const condition = "LOAD_ERR_COMPILE_CONDITION";
const outputFault = "LOAD_ERR_COMPILE_OUTPUT";
const $ts = "1700000005000000789";
const parsed = (input: string, canonical: string): Row => [
  input,
  { input },
  { ok: true, canonical },
];
const unparsed = (input: string, offset: number): Row => [
  `${JSON.stringify(input)} is none`,
  { input },
  { ok: false, error: { offset } },
];
const holds = (text: string, event: object, match: boolean): Row => [
  `${text} ${match ? "holds" : "does not hold"} for ${JSON.stringify(event)}`,
  { condition: text, event },
  { match },
];
const refused = (text: string, code: string): Row => [
  `${text} is refused`,
  { condition: text, event: {} },
  { error: { code } },
];
const types = (text: string, ...names: readonly string[]): Row => [
  `types of ${text}`,
  { condition: text },
  names.length === 0 ? { all_or_most: true } : { all_or_most: false, names },
];
const loaded = (name: string, files: readonly string[], answer: object): Row => [
  name,
  { files },
  answer,
];

const execve = "evt.type = execve";
const good = ruleText(execve);
const skip = "  skip-if-unknown-filter: true\n";
const output = (text: string, more = ""): string =>
  `- rule: R\n  desc: d\n  condition: ${execve}\n  output: "${text}"\n  priority: INFO\n${more}`;

const tables: Readonly<Record<string, readonly Row[]>> = {
  parse: [
    parsed("or or or", "(or or or)"),
    parsed("not not a", "a"),
    parsed("not not not a", "not a"),
    parsed("a or b and c", "(a or (b and c))"),
    parsed("a.b existsand b", "(a.b exists and b)"),
    parsed("fd.num inports", "fd.num in ports"),
    parsed("a.b in ()", "a.b in ()"),
    parsed("a.b = 'x y'", 'a.b = "x y"'),
    parsed("a.b==c", "a.b == c"),
    parsed("a.b contains anyof (x, y)", "a.b contains anyof (x, y)"),
    parsed("a.b[c.d/e] exists", "a.b[c.d/e] exists"),
    unparsed("", 0),
    unparsed("  ", 2),
    unparsed("a and", 5),
    unparsed("a.b in (x,)", 10),
    unparsed("a.b in 5", 7),
    unparsed("(a or b", 7),
    unparsed("a.b = 'x\\d' and c", 11),
    unparsed("a.b = val(tolower(c.d))", 10),
    unparsed("a.b = 'x", 6),
    unparsed("a.b startswith(x)", 14),
    unparsed("a.b in (x y)", 10),
    unparsed("a.b in (\n  x,\n  y z)", 18),
    ["line and column", { input: "a and\n b c" }, { error: { line: 2, column: 4, offset: 9 } }],
  ],
  eval: [
    holds("proc.name = sh", { "proc.name": "sh" }, true),
    holds("proc.name != sh", {}, false),
    holds("not proc.name = sh", {}, true),
    holds("proc.name exists", { "proc.name": "" }, true),
    holds("proc.name exists", { "proc.name": null }, false),
    holds("proc.aname = init", { "proc.aname": ["sh", "init"] }, true),
    holds("proc.aname != init", { "proc.aname": ["init"] }, false),
    holds("proc.aname[2] = init", { "proc.aname[2]": "init" }, true),
    holds("fd.ip = 10.0.0.1", { "fd.cip": "10.0.0.1", "fd.sip": "10.0.0.2" }, true),
    holds("fd.ip != 10.0.0.1", { "fd.cip": "10.0.0.1", "fd.sip": "10.0.0.2" }, false),
    holds("fd.snet = 10.0.0.0/8", { "fd.sip": "10.9.9.9" }, true),
    holds("user.uid = -1", { "user.uid": 4294967295 }, true),
    holds("user.uid < 10", { "user.uid": "9" }, true),
    holds("proc.name glob 's*h'", { "proc.name": "slash" }, true),
    holds("proc.name regex 's.h'", { "proc.name": "s\nh" }, false),
    holds("proc.exe pmatch (/usr)", { "proc.exe": "/usrx" }, false),
    holds("proc.name icontains BA", { "proc.name": "bash" }, true),
    holds("proc.name = val(proc.pname)", { "proc.name": "a", "proc.pname": "a" }, true),
    holds("tolower(proc.name) = sh", { "proc.name": "SH" }, true),
    holds("basename(proc.exe) = ''", { "proc.exe": "/bin/" }, true),
    refused("proc.nam = x", condition),
    refused("evt.type = exceve", condition),
    refused("evt.type startswith exe", condition),
    refused("nope", "LOAD_ERR_VALIDATE"),
    refused("user.uid = 0x10", condition),
    refused("proc.name regex '(?i)x'", condition),
    refused("proc.name = ", condition),
    refused("evt.type = val(proc.name)", condition),
    refused("proc.script = x", condition),
    holds("proc.pid = 9223372036854775807", { "proc.pid": "9223372036854775807" }, true),
    holds("evt.num = 18446744073709551615", { "evt.num": "18446744073709551615" }, true),
    holds("user.uid = 4294967296", { "user.uid": 0 }, true),
    holds("proc.name = 5", { "proc.name": 5 }, true),
    holds("evt.is_async = true", { "evt.is_async": true }, true),
    holds("evt.buffer bcontains 00ff", { "evt.buffer": { hex: "4100ff" } }, true),
    holds("proc.name = '\\xff'", { "proc.name": { hex: "ff" } }, true),
    holds("proc.name exists", { "proc.name": { hex: "f" } }, false),
    holds("evt.count = 1", {}, true),
    holds("fd.types in ()", { "fd.types": [] }, true),
    [
      "lists in lists, macros in macros",
      {
        condition: "m and proc.pname in (b)",
        lists: { a: ["x", "y z"], b: ["a", "w"] },
        macros: { n: "proc.name in (b)", m: "n" },
        event: { "proc.name": "y z", "proc.pname": "w" },
      },
      { match: true },
    ],
    [
      "declared fields",
      {
        condition: "my.ip in (::1) and my.n[k] < 5 and my.l intersects (b)",
        fields: {
          "my.ip": { type: "ip" },
          "my.n": { type: "i64", arg: true, arg_required: true },
          "my.l": { type: "str", list: true },
        },
        event: { "my.ip": "::1", "my.n[k]": -1, "my.l": ["a", "b"] },
      },
      { match: true },
    ],
  ],
  evttypes: [
    types("evt.type = execve", "execve"),
    types("evt.type in (open, execve) and evt.type = open", "open"),
    types("evt.type = open or evt.type = execve", "execve", "open"),
    types("proc.name = x"),
    types("not evt.type = open"),
    types("evt.type = open and proc.name = x or evt.type = close", "close", "open"),
    ["no condition", { condition: "a and" }, { error: { code: "bad-case" } }],
    ["a field", { condition: "evt.type = val(proc.name)" }, { error: { code: condition } }],
    ["nothing", { condition: "evt.num = 0" }, { all_or_most: false, names: [] }],
  ],
  format: [
    ["text", { format: "a %proc.name", event: { "proc.name": "sh" } }, { text: "a sh" }],
    ["cut off", { format: "a %proc.name b", event: {} }, { incomplete: true }],
    ["a star", { format: "*a %proc.name b", event: {} }, { text: "a <NA> b" }],
    ["a width", { format: "%4proc.name|", event: { "proc.name": "sh" } }, { text: "sh  |" }],
    ["cut to a width", { format: "%1proc.name|", event: { "proc.name": "sh" } }, { text: "s|" }],
    ["what follows", { format: "%proc.namezz", event: { "proc.name": "s" } }, { text: "szz" }],
    ["nothing", { format: "", event: {} }, { error: { code: outputFault } }],
    ["a % at the end", { format: "x %", event: {} }, { error: { code: outputFault } }],
    ["the time", { format: "%evt.time", event: { $ts } }, { text: "22:13:25.000000789" }],
    ["no time", { format: "%evt.time", event: {} }, { incomplete: true }],
    [
      "an index that is none",
      { format: "%toupper(proc.name)[0]", event: { "proc.name": "a" } },
      { text: "A[0]" },
    ],
    [
      "fields that are all there, though the text is not",
      { kind: "fields_json", format: "%b64(proc.name)", event: { "proc.name": "!" } },
      { json: { "proc.name": "!" } },
    ],
    [
      "a field that is missing",
      { kind: "fields_json", format: "%proc.name", event: {} },
      { incomplete: true },
    ],
    [
      "a field that may be missing",
      { kind: "fields_json", format: "*%proc.name", event: {} },
      { json: { "proc.name": null } },
    ],
    ["a kind that is none", { kind: "x", format: "a", event: {} }, { error: { code: "bad-case" } }],
  ],
  alert: [
    [
      "text",
      { format: "a %proc.name", event: { "proc.name": 'x"\n', $ts }, priority: "warning" },
      { text: String.raw`22:13:25.000000789: Warning a x\"\n` },
    ],
    [
      "text, with the date",
      { format: "%evt.time", event: { $ts }, opts: { iso8601: true } },
      { text: "2023-11-14T22:13:25.000000789+0000: Debug 22:13:25.000000789" },
    ],
    [
      "JSON",
      {
        format: "%proc.name %proc.pname %toupper(proc.exe)",
        event: { "proc.name": "x", "proc.exe": "e", $ts },
        ...{ json: true, rule: "R", priority: "info", tags: ["b", "a", "b"] },
        extra_fields: ["evt.num", { word: "<%proc.name>" }],
      },
      {
        json: {
          hostname: "host-a",
          output: "22:13:25.000000789: Informational x <NA> E",
          output_fields: {
            "evt.num": null,
            "evt.time": Number($ts),
            "proc.exe": "e",
            "proc.name": "x",
            "proc.pname": null,
            word: "<x>",
          },
          ...{ priority: "Informational", rule: "R", source: "syscall", tags: ["a", "b"] },
          time: "2023-11-14T22:13:25.000000789Z",
        },
      },
    ],
    [
      "JSON with and without",
      {
        ...{ format: "a", event: { $ts }, json: true },
        opts: { message: true, output: false, tags: false, output_fields: false },
      },
      {
        json: { hostname: "host-a", message: "a", priority: "Debug", rule: "", source: "syscall" },
      },
    ],
    ["a time that is none", { format: "a", event: { $ts: "x" } }, { error: { code: "bad-case" } }],
    ["no such field", { format: "%x.y", event: {} }, { error: { code: outputFault } }],
  ],
  match: [
    ["first", { files: [good + ruleText(execve, "", "S")], event: {} }, { rules: ["R"] }],
    [
      "all",
      { files: [good + ruleText(execve, "", "S")], event: {}, strategy: "all" },
      { rules: ["R", "S"] },
    ],
    ["another type", { files: [good], event: { "evt.type": "open" } }, { rules: [] }],
    ["a priority", { files: [good], event: {}, min_priority: "notice" }, { rules: [] }],
    [
      "selection",
      { files: [good], event: {}, selection: [{ disable: { rule: "*" } }] },
      { rules: [] },
    ],
  ],
  load: [
    loaded("a rule", [good], { ok: true, errors: [], warnings: [] }),
    loaded("skips an unknown type", [ruleText("evt.type = exceve", skip)], {
      ok: true,
      warnings: ["LOAD_UNKNOWN_FILTER"],
    }),
    loaded("skips an unknown field", [ruleText("proc.nam = x", skip)], {
      ok: true,
      warnings: ["LOAD_UNKNOWN_FILTER"],
    }),
    loaded("skips an unknown field of the output", [output("%proc.nam", skip)], {
      ok: true,
      warnings: ["LOAD_UNKNOWN_FILTER"],
    }),
    loaded("an unknown field of the output", [output("%zzz")], {
      ok: false,
      errors: ["LOAD_ERR_COMPILE_OUTPUT"],
    }),
    loaded("does not skip another fault", [ruleText("user.uid = x", skip)], {
      ok: false,
      errors: [condition],
    }),
    loaded("an unused macro", [`- macro: m\n  condition: ${execve}\n${good}`], {
      ok: true,
      warnings: ["LOAD_UNUSED_MACRO"],
    }),
    loaded("an unused list", [`- list: l\n  items: []\n${good}`], {
      ok: true,
      warnings: ["LOAD_UNUSED_LIST"],
    }),
    loaded("an unknown item", ["- zzz: 1\n"], { ok: true, warnings: ["LOAD_UNKNOWN_ITEM"] }),
    loaded("an unknown key", [ruleText(execve, "  zzz: 1\n")], {
      ok: true,
      warnings: ["LOAD_UNKNOWN_KEY"],
    }),
    loaded("no list", ["a: b\n"], { ok: false, errors: ["LOAD_ERR_YAML_VALIDATE"] }),
    loaded("no YAML", ["- [\n"], { ok: false, errors: ["LOAD_ERR_YAML_PARSE"] }),
    loaded("an unknown macro", [ruleText("zzz")], { ok: false, errors: ["LOAD_ERR_VALIDATE"] }),
    loaded("a newer engine", ["- required_engine_version: 99\n"], {
      ok: false,
      errors: ["LOAD_ERR_VALIDATE"],
    }),
    loaded("an override of nothing", ["- rule: R\n  override: {}\n  enabled: false\n"], {
      ok: false,
    }),
  ],
};

for (const [command, rows] of Object.entries(tables)) {
  t.test(command, async (t) => {
    const isAlert = command === "alert";
    const answers = await ask(
      isAlert ? "format" : command,
      rows.map(([, input], id) => ({ id, ...(isAlert ? { kind: "alert" } : {}), ...input })),
    );
    for (const [id, [name, , answer]] of rows.entries()) {
      t.match(answers[id], { id, ...answer }, `${name}: ${JSON.stringify(answers[id])}`);
    }
  });
}
