// SPDX-License-Identifier: Apache-2.0
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { createProgram } from "../../daemon/cli/program.ts";
import { readSources, replaceFile } from "../../daemon/host/files.ts";
import { ruleText } from "../rules/load-text.ts";

const run = (...args: readonly string[]) => runCommand("rules", ...args);

async function runCommand(...args: readonly string[]) {
  const written = { out: "", error: "" };
  const program = createProgram({
    terminal: {
      writeOut: (text) => {
        written.out += text;
        return Promise.resolve();
      },
      writeError: (text) => {
        written.error += text;
        return Promise.resolve();
      },
      isTerminal: false,
      isErrorTerminal: false,
      hasColor: false,
      interrupted: new AbortController().signal,
    },
    runDaemon: () => Promise.resolve(0),
    createFile: () => Promise.resolve(),
    replaceFile,
    readSources,
    readInputLines: async function* () {
      yield* await Promise.resolve([]);
    },
    defaults: { version: "1", configFile: "/nowhere/x.yaml", socketPath: "/nowhere/x.sock" },
  });
  return { code: await program.run(args), ...written };
}

const directory = mkdtempSync(join(tmpdir(), "rule-tools-"));
t.teardown(() => {
  rmSync(directory, { recursive: true });
});
const rules = join(directory, "r.yaml");
writeFileSync(
  rules,
  "- macro: m\n  condition: proc.name = curl\n" +
    ruleText("evt.type = execve and m", "  tags: [x]\n") +
    ruleText("evt.type = open and fd.name = a", "", "Never"),
);

t.test("list tells what is inactive, and why", async (t) => {
  const { code, out } = await run("list", "--json", rules);
  t.equal(code, 0);
  t.match(JSON.parse(out), [
    { name: "R", state: "active", priority: "Informational", tags: ["x"], line: 3 },
    { name: "Never", state: "inactive", inactiveBecause: /fd\.name|open/ },
  ]);
});

t.test("list tells which rules the configuration and the command line choose", async (t) => {
  const config = join(directory, "x.yaml");
  const states = async (text: string, ...options: readonly string[]) => {
    writeFileSync(config, text);
    const { code, out, error } = await run("list", rules, "--json", "--config", config, ...options);
    t.equal(code, 0, error);
    return (JSON.parse(out) as { state: string }[]).map(({ state }) => state);
  };
  t.strictSame(await states("{}"), ["active", "inactive"]);
  t.strictSame(await states("rules: [{ disable: { tag: x } }]"), ["disabled", "inactive"]);
  t.strictSame(await states("rules: [{ disable: { rule: R* } }]"), ["disabled", "inactive"]);
  t.strictSame(await states("priority: NOTICE"), ["disabled", "disabled"]);
  t.strictSame(await states("{}", "--disable", "R,Never"), ["disabled", "disabled"]);
  t.strictSame(await states("{}", "--disable", "*", "--enable", "tag:x"), ["active", "disabled"]);
  t.strictSame(await states("{}", "--priority", "notice"), ["disabled", "disabled"]);
  const { out } = await run("list", rules, "--disable", "R");
  t.match(out, /^disabled {2}R {2}\(by the configuration\)$/m);
  const bad = await run("list", rules, "--priority", "high");
  t.equal(bad.code, 2);
});

t.test("check tells entries about no rule, and what outputs cannot have", async (t) => {
  const config = join(directory, "x.yaml");
  writeFileSync(config, "rules: [{ disable: { rule: Nevr } }, { enable: { tag: zzzz } }]");
  const { code, out } = await run("check", rules, "--config", config);
  t.equal(code, 0);
  t.match(out, /warning\[unused-selection\]: cannot disable rule "Nevr": did you mean "Never"\?/);
  t.match(out, /cannot enable rules with tag "zzzz": none is loaded/);
  writeFileSync(config, "append_output: [{ extra_output: '%proc.nam' }, { extra_fields: [a.b] }]");
  const wrong = await run("check", rules, "--config", config);
  t.equal(wrong.code, 1);
  t.match(wrong.out, /<append_output 1>:1:1: error.*did you mean "proc\.name"/);
  t.match(wrong.out, /<append_output 2>:1:1: error.*"a\.b"/);
  t.match(wrong.out, /2 errors/);
});

t.test("show writes the rule with everything in place", async (t) => {
  const { code, out } = await run("show", "R", "--files", rules);
  t.equal(code, 0);
  t.match(out, "(evt.type = execve and proc.name = curl)");
  t.match(out, /macros +m/);
  const missing = await run("show", "Rr", "--files", rules);
  t.equal(missing.code, 1);
  t.match(missing.error, 'did you mean "R"?');
});

t.test("explain shows parts and values", async (t) => {
  const event = join(directory, "event.json");
  writeFileSync(event, '{"evt.type": "execve", "proc.name": "wget"}');
  const { code, out } = await run("explain", "--event", event, "R", "--files", rules);
  t.equal(code, 0);
  t.match(out, 'rule "R" does not match');
  t.match(out, "wget");
  writeFileSync(event, '{"evt.type": "execve", "proc.nme": "wget", "proc.aname[2]": "a"}');
  const typo = await run("explain", "--event", event, "R", "--files", rules);
  t.equal(typo.code, 1);
  t.match(typo.error, /:1:24: error.*"proc.nme" a value: did you mean "proc.name"/);
});

t.test("fields are listed in three forms", async (t) => {
  t.match((await run("fields")).out, "proc.name ");
  t.match((await run("fields", "--markdown")).out, "| proc.name | string |");
  t.match((await run("fields", "--json")).out, '"name":"proc.name"');
});

t.test("companions: what is expected, and a clear difference", async (t) => {
  const companion = join(directory, "r.test.yaml");
  const test = (name: string, event: string, expected: string): string =>
    `  - name: ${name}\n    event: ${event}\n    rules: ${expected}\n`;
  writeFileSync(companion, `tests:\n${test("good", "{proc.name: curl}", "[R]")}`);
  t.match(await run("test", companion), { code: 0, out: "1 of 1 tests passed" });
  writeFileSync(companion, `tests:\n${test("bad", "{proc.name: curl}", "[Other]")}`);
  const bad = await run("test", companion);
  t.equal(bad.code, 1);
  t.match(bad.out, "- Other: no rule has this name");
  t.match(bad.out, "+ R: matches, not expected");
  writeFileSync(companion, `tests:\n${test("other", "{proc.name: wget}", "[R]")}`);
  t.match((await run("test", companion)).out, "- R: expected, does not match");
  writeFileSync(companion, `tests:\n${test("typo", "{proc.nam: curl}", "[]")}`);
  const typo = await run("test", companion);
  t.equal(typo.code, 1);
  t.match(typo.error, /:3:13: error.*"proc.nam" a value: did you mean "proc.name"/);
});

t.test("the shipped rules pass their own tests", async (t) => {
  const shipped = readdirSync("rules").filter((name) => name.endsWith(".test.yaml"));
  t.ok(shipped.length > 0);
  for (const name of shipped) {
    const { code, out, error } = await run("test", join("rules", name));
    t.equal(code, 0, `${name}: ${out}${error}`);
  }
});

t.test("check as Falco does: the first error of each file", async (t) => {
  const broken = join(directory, "broken.yaml");
  writeFileSync(broken, ruleText("proc.nam = a or proc.nam2 = b"));
  const { code, out } = await run("check", "--falco-json", rules, broken);
  t.equal(code, 1);
  t.match(JSON.parse(out), {
    falco_load_results: [
      { name: rules, successful: true, errors: [], warnings: [] },
      {
        name: broken,
        successful: false,
        errors: [
          {
            code: "LOAD_ERR_COMPILE_CONDITION",
            codedesc: "Error compiling condition",
            context: { locations: [{ position: { line: 3, column: 14 } }] },
          },
        ],
      },
    ],
  });
});

t.test("schemas are JSON, and an unknown one is refused", async (t) => {
  for (const name of ["rules", "policies", "allowlist", "config"]) {
    const { code, out } = await runCommand("schema", name);
    t.equal(code, 0);
    t.type(JSON.parse(out), "object", name);
  }
  t.match(await runCommand("schema", "x"), { code: 2, error: "expected one of rules" });
});

t.test(
  "the schema of rule files takes priorities and truth words as the reader does",
  async (t) => {
    const { out } = await runCommand("schema", "rules");
    interface Schema {
      readonly items: {
        readonly anyOf: readonly {
          readonly properties: {
            readonly enabled: { readonly enum: readonly unknown[] };
            readonly priority: { readonly anyOf: readonly { readonly pattern?: string }[] };
          };
        }[];
      };
    }
    const [rule] = (JSON.parse(out) as Schema).items.anyOf;
    const truthWords = rule?.properties.enabled.enum;
    const pattern = new RegExp(rule?.properties.priority.anyOf[1]?.pattern ?? "");
    for (const word of [true, false, "y", "No", "ON"])
      t.ok(truthWords?.includes(word), String(word));
    for (const word of ["Warning", "warning", "INFO", "info", "eMerGency"]) t.match(word, pattern);
    for (const word of ["warn", "Warning ", "0", ""]) t.notMatch(word, pattern);
  },
);

t.test("fmt writes what is laid out otherwise, once, and says so", async (t) => {
  const [file, link, wrong] = ["fmt.yaml", "link.yaml", "wrong.yaml"].map((n) =>
    join(directory, n),
  );
  if (file === undefined || link === undefined || wrong === undefined) return;
  writeFileSync(file, "- macro: m\n  # why\n  condition:  a   and b\n");
  chmodSync(file, 0o640);
  symlinkSync(file, link);
  t.match(await run("fmt", "--check", link), { code: 1, out: `${link}\n`, error: "" });
  t.match(readFileSync(file, "utf8"), /a {3}and b/, "a check writes nothing");
  t.match(await run("fmt", link), { code: 0, out: `${link}\n` });
  t.equal(readFileSync(file, "utf8"), "- macro: m\n  # why\n  condition: a and b\n");
  t.equal(statSync(file).mode & 0o777, 0o640);
  t.match(await run("fmt", link), { code: 0, out: "" });
  t.match(await run("fmt", "--check", link), { code: 0, out: "" });
  writeFileSync(wrong, "- macro: [\n");
  const { code, error } = await run("fmt", wrong, link);
  t.equal(code, 1);
  t.match(error, /wrong\.yaml:2:1: error\[yaml-syntax\]/);
  t.equal((await run("fmt")).code, 2);
  t.notOk(readdirSync(directory).some((name) => name.endsWith(".new")));
});
