// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import type { Config } from "../../daemon/config/config.ts";
import { readConfig } from "../../daemon/config/read.ts";
import { compareConfigs, reloadable } from "../../daemon/config/reload.ts";

function config(text = "{}"): Config {
  const { config, diagnostics } = readConfig([{ name: "execwarden.yaml", text }], {});
  if (config === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return config;
}

const rows: readonly (readonly [
  text: string,
  live: readonly string[],
  needsRestart: readonly string[],
])[] = [
  ["{}", [], []],
  ["mode: enforce", ["mode"], []],
  ["gate: { deadline: 1s, on_deadline: deny }", ["gate.deadline", "gate.on_deadline"], []],
  [
    "gate: { budget: { burst: 7 }, keep_over_restart: true }",
    ["gate.budget"],
    ["gate.keep_over_restart"],
  ],
  ["rules_files: [/r]", ["rules_files"], []],
  ["rules: [{ disable: { rule: '*' } }]", ["rules"], []],
  ["priority: notice\nrule_matching: first", ["priority", "rule_matching"], []],
  ["append_output: [{ extra_output: x }]", ["append_output"], []],
  ["policies_files: [/p]\nallowlist_file: /a", ["allowlist_file", "policies_files"], []],
  ["outputs: { stdout: false }", ["outputs.stdout"], []],
  ["outputs: { file: { path: /f } }", ["outputs.file"], []],
  ["docker: { host: 'tcp://h:1' }", [], ["docker.host"]],
  ["plugin: { deadline: 1s, on_failure: deny }", ["plugin.deadline", "plugin.on_failure"], []],
  ["plugin: { socket: /p }", [], ["plugin.socket"]],
  ["control: { socket: /s, group: g }", [], ["control.group", "control.socket", "plugin.socket"]],
  ["control: { writers_group: g }", [], ["control.writers_group"]],
  ["control: { socket: /s }\nmode: enforce", ["mode"], ["control.socket", "plugin.socket"]],
];

for (const [text, live, needsRestart] of rows) {
  t.test(`what changes with ${text.replace("\n", ", ")}`, (t) => {
    t.strictSame(compareConfigs(config(), config(text)), { live, needsRestart });
    t.strictSame(compareConfigs(config(text), config()), { live, needsRestart }, "and back");
    const inForce = reloadable(config(), config(text));
    t.strictSame(compareConfigs(config(), inForce), { live, needsRestart: [] }, "as far as it can");
    t.end();
  });
}

t.test("where a key stands in the file is no change", (t) => {
  const hook = (headers: string): Config =>
    config(`outputs: { webhooks: [{ name: a, url: 'http://h', headers: ${headers} }] }`);
  const [one, other] = [hook("{ A: '1', B: '2' }"), hook("{ B: '2', A: '1' }")];
  t.strictSame(compareConfigs(one, other), { live: [], needsRestart: [] });
  t.strictSame(compareConfigs(one, hook("{ A: '1' }")).live, ["outputs.webhooks"]);
  t.end();
});

t.test("the names are those of the file", (t) => {
  const everything: Config = { ...config(), docker: { host: "unix:///x" } };
  const { live, needsRestart } = compareConfigs({} as Config, everything);
  for (const name of [...live, ...needsRestart]) t.match(name, /^[a-z_]+(\.[a-z_]+)?$/);
  t.ok(live.includes("gate.on_deadline"));
  t.end();
});
