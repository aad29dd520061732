// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import type { EngineFacts } from "../../daemon/model/engine-event.ts";
import { engineEvent, engineFacts } from "./docker-event.ts";
import { faultsOf, loadTexts, ruleText } from "./load-text.ts";
import { sampleEvent } from "./sample-event.ts";

const source = "  source: docker\n";

/** Conditions that hold for the event, of rules of source docker. */
const conditions: readonly [condition: string, changes: Partial<EngineFacts>][] = [
  ["evt.type = docker_event and evt.source = docker", {}],
  ["evt.type.is.docker_event = 1 and evt.type.is.execve = 0", {}],
  ["evt.category = docker and evt.is_async = false", {}],
  ["docker.event.type = container and docker.event.action = exec_create", {}],
  [`docker.event.actor_id = ${"c".repeat(64)} and docker.event.scope = local`, {}],
  [`docker.event.exec_id = ${"e".repeat(64)} and docker.event.exec_cmdline = "sh -c id"`, {}],
  ["docker.event.attr[team] = größe and not docker.event.attr[x] exists", {}],
  ["docker.event.attr[__proto__] exists or docker.event.attr[name] = quirky_curie", {}],
  ["docker.event.name = b and docker.event.old_name = a", { name: "b", oldName: "a" }],
  ["docker.event.looks_like = shop", { looksLike: "shop" }],
  ["docker.event.exit_code = 137 and docker.event.exit_code > 0", { exitCode: 137 }],
  ["docker.event.signal = 15", { signal: 15 }],
  ["docker.event.health = unhealthy", { health: "unhealthy" }],
  ["docker.event.image startswith byrnedo/", {}],
  ["docker.event.time = 1700000005123456789", {}],
  ["container.name = quirky_curie and container.image.repository = byrnedo/alpine-curl", {}],
  ["container.label[com.docker.compose.project] = shop and not container.privileged = true", {}],
  ["evt.rawtime = 1700000005123456789 and evt.hostname = host-a and host.name = host-a", {}],
  ["not proc.name exists", {}],
];
for (const [condition, changes] of conditions) {
  t.test(`holds: ${condition}`, (t) => {
    const rules = loadTexts([ruleText(JSON.stringify(condition), source)]);
    const matched = rules.match(engineEvent(engineFacts(changes)));
    t.strictSame(
      matched.map(({ name }) => name),
      ["R"],
    );
    t.end();
  });
}

t.test("a rule sees the events of its source and no others", (t) => {
  const rules = loadTexts([
    ruleText("evt.num >= 0", "", "calls") +
      ruleText("evt.num >= 0", source, "docker") +
      ruleText("evt.num >= 0", "  source: syscall\n", "said") +
      ruleText("evt.num >= 0", "  source: k8s_audit\n", "unknown"),
  ]);
  const names = (event: Parameters<typeof rules.match>[0]): readonly string[] =>
    rules.match(event).map(({ name }) => name);
  t.strictSame(names(sampleEvent()), ["calls", "said"]);
  t.strictSame(names(engineEvent(engineFacts())), ["docker"]);
  t.end();
});

/** Rules that load and can never match, and why. */
const inactive: readonly [condition: string, more: string, reason: string][] = [
  ["proc.name = curl", source, "docker events have no value for proc.name"],
  ["evt.type = execve", source, "no events of type execve are seen"],
  ["docker.event.action = die", "", "exec events have no value for docker.event.action"],
  ["any.thing = 1", "  source: k8s_audit\n", 'no events of source "k8s_audit" are seen'],
];
for (const [condition, more, reason] of inactive) {
  t.test(`inactive: ${condition}`, (t) => {
    const [rule] = loadTexts([ruleText(condition, more)]).rules;
    t.equal(rule?.inactiveBecause, reason);
    t.end();
  });
}

t.test("what is wrong in a rule of source docker is an error", (t) => {
  t.strictSame(faultsOf(ruleText("docker.event.acton = die", source)), [
    "error unknown-field 3:14 docker.event.acton",
  ]);
  t.end();
});

t.test("an output prints what the engine told", (t) => {
  const text = ruleText("evt.num >= 0", source).replace(
    "output: o",
    'output: "%docker.event.action %docker.event.attr[team] %proc.name %container.name"',
  );
  const [rule] = loadTexts([text]).rules;
  t.strictSame(rule?.formatOutput(engineEvent(engineFacts())), {
    output: "exec_create größe <NA> quirky_curie",
    fields: {
      "docker.event.action": "exec_create",
      "docker.event.attr[team]": "größe",
      "proc.name": null,
      "container.name": "quirky_curie",
    },
  });
  t.end();
});
