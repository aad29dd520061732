// Cases of the machine interface, one row each: what goes in, what comes out.
// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { createProgram } from "../../daemon/cli/program.ts";
import { ruleText } from "../rules/load-text.ts";

async function ask(command: string, cases: readonly object[]): Promise<readonly object[]> {
  let out = "";
  const program = createProgram({
    terminal: {
      writeOut: (text) => {
        out += text;
        return Promise.resolve();
      },
      writeError: () => Promise.resolve(),
      isTerminal: false,
      hasColor: false,
      interrupted: new AbortController().signal,
    },
    runDaemon: () => Promise.resolve(0),
    replaceFile: () => Promise.resolve(),
    readSources: () => Promise.resolve({ sources: [], diagnostics: [] }),
    readInputLines: async function* () {
      yield* await Promise.resolve([cases.map((item) => JSON.stringify(item))]);
    },
    defaults: { version: "1", configFile: "/nowhere/x.yaml", socketPath: "/nowhere/x.sock" },
  });
  await program.run(["rules", command]);
  return out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as object);
}

type Row = readonly [name: string, input: object, answer: object];

const condition = "LOAD_ERR_COMPILE_CONDITION";
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
  ],
  evttypes: [
    types("evt.type = execve", "execve"),
    types("evt.type in (open, execve) and evt.type = open", "open"),
    types("evt.type = open or evt.type = execve", "execve", "open"),
    types("proc.name = x"),
    types("not evt.type = open"),
    types("evt.type = open and proc.name = x or evt.type = close", "close", "open"),
  ],
  format: [
    ["text", { format: "a %proc.name", event: { "proc.name": "sh" } }, { text: "a sh" }],
    ["cut off", { format: "a %proc.name b", event: {} }, { incomplete: true }],
    ["a star", { format: "*a %proc.name b", event: {} }, { text: "a <NA> b" }],
    ["a width", { format: "%4proc.name|", event: { "proc.name": "sh" } }, { text: "sh  |" }],
    ["cut to a width", { format: "%1proc.name|", event: { "proc.name": "sh" } }, { text: "s|" }],
    ["what follows", { format: "%proc.namezz", event: { "proc.name": "s" } }, { text: "szz" }],
    ["nothing", { format: "", event: {} }, { error: { code: "LOAD_ERR_COMPILE_OUTPUT" } }],
    [
      "a % at the end",
      { format: "x %", event: {} },
      { error: { code: "LOAD_ERR_COMPILE_OUTPUT" } },
    ],
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
    const answers = await ask(
      command,
      rows.map(([, input], id) => ({ id, ...input })),
    );
    for (const [id, [name, , answer]] of rows.entries()) {
      t.match(answers[id], { id, ...answer }, `${name}: ${JSON.stringify(answers[id])}`);
    }
  });
}
