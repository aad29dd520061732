// A daemon that is given wrong files says everything that is wrong with them, and does not start.
// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { daemonProgram } from "./support/daemon-program.ts";

function run(config: string): { readonly status: number | null; readonly stderr: string } {
  const args = [daemonProgram, "run", "--config", config];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  return { status, stderr };
}

t.test("every fault of every file is told, with its place", (t) => {
  const directory = t.testdir({
    "rules.yaml": `- rule: R
  desc: d
  condition: >
    evt.type = execve and
    proc.nam = curl
  output: o %proc.name
  priority: INFO
`,
    "policies.yaml": `policies:
  - name: P
    severity: hihg
    rules: [R]
    actions: [dney]
`,
    "allowlist.yaml": "allowlists:\n  web_fetch:\n    image: [alpine]\n",
  });
  const config = join(directory, "execwarden.yaml");
  const files = {
    rules_files: [join(directory, "rules.yaml")],
    policies_files: [join(directory, "policies.yaml")],
    allowlist_file: join(directory, "allowlist.yaml"),
  };
  writeFileSync(config, JSON.stringify(files));
  const { status, stderr } = run(config);
  t.equal(status, 78, "EX_CONFIG");
  t.match(stderr, /rules\.yaml:5:5: error\[unknown-field\].*did you mean "proc\.name"/);
  t.match(stderr, /\n +\| +\^{8}\n/, "a caret below it");
  t.match(stderr, /policies\.yaml:3:15: error/);
  t.match(stderr, /policies\.yaml:5:15: error/);
  t.match(stderr, /allowlist\.yaml:3:5: error/);
  t.match(stderr, /4 errors in 3 files/);
  t.match(stderr, /cannot start/);
  t.end();
});

t.test("wrong settings of rules are told with their places", (t) => {
  const directory = t.testdir({
    "execwarden.yaml": `priority: hihg
rule_matching: frist
rules:
  - enable: { rule: A, tag: b }
  - disabel: { rule: A }
append_output:
  - match: { tag: x }
    extra_fields: [{}]
`,
  });
  const { status, stderr } = run(join(directory, "execwarden.yaml"));
  t.equal(status, 78, "EX_CONFIG");
  for (const expected of [
    /:1:11: error\[wrong-value\]: .*expected one of emergency, .*debug, got "hihg"/,
    /:2:16: error.*did you mean "first"/,
    /:4:13: error.*either rule .*or tag/,
    /:5:5: error.*did you mean "disable"/,
    /:7:14: error.*did you mean "tags"/,
    /:8:20: error.*NAME: FORMAT/,
  ]) {
    t.match(stderr, expected);
  }
  t.end();
});

t.test("a wrong fragment of the configuration is not passed over", (t) => {
  const directory = t.testdir({ "execwarden.yaml": "mode: monitor\n" });
  mkdirSync(join(directory, "conf.d"));
  writeFileSync(join(directory, "conf.d/10-mode.yaml"), "mode: enfroce\n");
  const { status, stderr } = run(join(directory, "execwarden.yaml"));
  t.equal(status, 78, "EX_CONFIG");
  t.match(stderr, /10-mode\.yaml:1:7: error.*did you mean "enforce"/);
  t.end();
});

t.test("a configuration that is not there", (t) => {
  const { status, stderr } = run("/nowhere/execwarden.yaml");
  t.equal(status, 78, "EX_CONFIG");
  t.match(stderr, /cannot .*"\/nowhere\/execwarden\.yaml"/);
  t.end();
});
