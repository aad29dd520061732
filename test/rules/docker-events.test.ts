// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import t from "tap";
import type { Container } from "../../daemon/model/container.ts";
import type { EngineFacts } from "../../daemon/model/engine-event.ts";
import { loadRules } from "../../daemon/rules/load.ts";
import { engineEvent, engineFacts } from "./docker-event.ts";

const text = readFileSync(new URL("../../rules/docker-events.yaml", import.meta.url), "utf8");
const { ruleset, diagnostics } = loadRules({ files: [{ name: "docker-events.yaml", text }] });

t.test("the shipped rules are without fault, and all of them can match", (t) => {
  t.strictSame(diagnostics, []);
  t.equal(ruleset?.rules.length, 5);
  for (const rule of ruleset?.rules ?? []) t.equal(rule.inactiveBecause, undefined, rule.name);
  t.end();
});

const protect = { labels: { "execwarden.protect": "true" } };
const check = { healthcheck: ["sh", "-c", "id"] };

const rows: readonly [
  what: string,
  facts: Partial<EngineFacts>,
  container: Partial<Container>,
  rules: readonly string[],
][] = [
  ["an exec in a container like any other", {}, {}, []],
  ["an exec in a protected one", {}, protect, ["Exec Created in Protected Container"]],
  ["its health check", {}, { ...protect, ...check }, []],
  [
    "another than its health check",
    { execCommand: "sh" },
    { ...protect, ...check },
    ["Exec Created in Protected Container"],
  ],
  ["a rename", { action: "rename", oldName: "a" }, {}, []],
  [
    "a rename to nearly the name of another",
    { action: "rename", oldName: "a", looksLike: "shop" },
    {},
    ["Container Named Like Another"],
  ],
  ["a start", { action: "start" }, {}, []],
  [
    "a privileged start",
    { action: "start" },
    { isPrivileged: true },
    ["Privileged Container Started"],
  ],
  ["out of memory", { action: "oom" }, {}, ["Container Out of Memory"]],
  ["a plugin", { type: "plugin", action: "enable" }, {}, ["Docker Plugin Enabled"]],
];
for (const [what, facts, changes, names] of rows) {
  t.test(what, (t) => {
    const event = engineEvent(engineFacts(facts));
    const { container } = event;
    if (container === undefined) throw new Error("the sample is in a container");
    const matched = ruleset?.match({ ...event, container: { ...container, ...changes } });
    t.strictSame(
      matched?.map(({ name }) => name),
      names,
    );
    t.end();
  });
}
