// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { readPolicies, type PolicySurroundings } from "../../daemon/policy/policy-file.ts";
import { errorAt } from "../../daemon/text/diagnostic.ts";
import { container, faultLines, place } from "./samples.ts";

const ruleName = "Run Web Fetch Program in Container";
const surroundings: PolicySurroundings = {
  compileScope: (text) =>
    text.value.startsWith("name ")
      ? {
          predicate: ({ container }) => container?.name === text.value.slice(5),
          diagnostics: [],
        }
      : {
          diagnostics: [
            errorAt({ code: "bad-scope", message: "cannot compile", span: text.spanOf(0, 3) }),
          ],
        },
  ruleNames: new Set([ruleName]),
  tags: new Set(["container"]),
  outputs: new Set(["stdout", "ops"]),
};

function read(...texts: readonly string[]): ReturnType<typeof readPolicies> {
  const sources = texts.map((text, i) => ({ name: `${i + 1}.yaml`, text }));
  return readPolicies(sources, surroundings);
}

t.test("a policy with everything", (t) => {
  const { policies, diagnostics } = read(`policies:
  - name: Web fetch
    description: only in build images
    severity: high
    enabled: false
    runbook: https://wiki.example.com/x
    rules: [${ruleName}, { tag: container }, { priority: warning }]
    scope: name web
    mode: enforce
    actions:
      - deny
      - pause: container
      - stop: container
      - kill: container
      - kill: process
      - unpause: container
      - restart: container
      - kill: process-tree
      - disconnect: networks
      - stop: { grace: 30s }
      - restart: { target: container, grace: 0s }
      - kill: { target: container, signal: term }
      - kill: { target: container, signal: SIGUSR1 }
      - kill: { target: process }
      - hook: { program: [/usr/local/bin/page, --urgent], user: pager, timeout: 3s }
      - hook: { program: [/bin/x], user: 1000 }
      - hook: { program: [/bin/x], user: "1000:50" }
      - hook: { program: [/bin/x] }
      - notify: [ops, stdout]
    limits: { cooldown: 60s, max_actions_per_minute: 10 }
    never: [name:registry-*, label:a=b, image:nginx, id:0123456789ab]
`);
  t.same(diagnostics, []);
  const [policy] = policies;
  t.strictSame(policy?.info, {
    name: "Web fetch",
    description: "only in build images",
    severity: "high",
    mode: "enforce",
    runbook: "https://wiki.example.com/x",
  });
  t.equal(policy?.isEnabled, false);
  t.same(policy?.selectors, [
    { kind: "name", name: ruleName },
    { kind: "tag", tag: "container" },
    { kind: "priority", atLeast: "Warning" },
  ]);
  t.equal(policy?.scope?.({ ...place(), container: container({ name: "web" }) }), true);
  t.equal(policy?.scope?.({ ...place(), container: container({ name: "db" }) }), false);
  t.same(policy?.actions, [
    { kind: "deny" },
    { kind: "pause" },
    { kind: "stop" },
    { kind: "kill-container" },
    { kind: "kill-process" },
    { kind: "unpause" },
    { kind: "restart" },
    { kind: "kill-process-tree" },
    { kind: "disconnect" },
    { kind: "stop", graceMs: 30_000 },
    { kind: "restart", graceMs: 0 },
    { kind: "kill-container", signal: "SIGTERM" },
    { kind: "kill-container", signal: "SIGUSR1" },
    { kind: "kill-process" },
    {
      kind: "hook",
      program: ["/usr/local/bin/page", "--urgent"],
      user: "pager",
      timeoutMs: 3_000,
    },
    { kind: "hook", program: ["/bin/x"], user: "1000", timeoutMs: 10_000 },
    { kind: "hook", program: ["/bin/x"], user: "1000:50", timeoutMs: 10_000 },
    { kind: "hook", program: ["/bin/x"], user: "nobody", timeoutMs: 10_000 },
    { kind: "notify", outputs: ["ops", "stdout"] },
  ]);
  t.same(policy?.limits, { cooldownMs: 60_000, actionsPerMinuteMax: 10 });
  t.same(
    policy?.never.map(({ text }) => text),
    ["name:registry-*", "label:a=b", "image:nginx", "id:0123456789ab"],
  );
  t.end();
});

t.test("a policy with nothing is on, harmless and everywhere", (t) => {
  const { policies, diagnostics } = read(`policies: [{ name: A, rules: [${ruleName}] }]`);
  t.same(diagnostics, []);
  t.match(policies, [
    { info: { mode: "monitor", severity: "medium" }, isEnabled: true, actions: [], never: [] },
  ]);
  t.equal(policies[0]?.scope, undefined);
  t.same(policies[0]?.limits, {});
  t.end();
});

t.test("policies keep the order of their files, and an empty file has none", (t) => {
  const one = (name: string): string =>
    `policies: [{ name: ${name}, rules: [{ tag: container }] }]`;
  const { policies } = read(one("B"), "", one("A"));
  t.same(
    policies.map(({ info }) => info.name),
    ["B", "A"],
  );
  t.end();
});

t.test("without known names nothing is checked against them", (t) => {
  const text = "policies: [{ name: A, rules: [x, { tag: y }], actions: [{ notify: [z] }] }]";
  const { compileScope } = surroundings;
  t.same(readPolicies([{ name: "f", text }], { compileScope }).diagnostics, []);
  t.end();
});

const forms =
  "expected deny, pause: container, unpause: container, stop: container, restart: container, kill: container, process or process-tree, disconnect: networks, hook: { program: [/path/of/program] } or notify: [OUTPUT]";
const programForms =
  "expected a list of an absolute path and its arguments, such as [/usr/local/bin/page, --urgent]";
const selectors = 'expected the name of a rule, "tag: NAME" or "priority: NAME"';

const faults: readonly [name: string, line: string, fault: string][] = [
  [
    "a rule that nobody defines",
    "rules: [Run Web Fetch Programs in Container]",
    `3:13 unknown-rule: cannot find the rule "Run Web Fetch Programs in Container": did you mean "${ruleName}"?`,
  ],
  [
    "a tag that no rule has",
    "rules: [{ tag: contaner }]",
    '3:20 unknown-tag: cannot find a rule with the tag "contaner": did you mean "container"?',
  ],
  [
    "an output that is not configured",
    "actions: [{ notify: [stdout, pager] }]",
    '3:34 unknown-output: cannot notify the output "pager": there are "stdout", "ops"',
  ],
  [
    "a priority that is none",
    "rules: [{ priority: loud }]",
    '3:25 wrong-value: cannot read "priority": expected emergency, alert, critical, error, warning, notice, informational or debug, got "loud"',
  ],
  [
    "a selector of two keys",
    "rules: [{ tag: container, priority: info }]",
    `3:13 wrong-value: cannot read item 1 of "rules": ${selectors}, got a map`,
  ],
  [
    "a selector of an unknown key",
    "rules: [{ tags: container }]",
    '3:15 unknown-key: cannot use the key "tags" here: did you mean "tag"?',
  ],
  [
    "a selector that is a number",
    "rules: [3]",
    `3:13 wrong-value: cannot read item 1 of "rules": ${selectors}, got 3`,
  ],
  [
    "no rules",
    "rules: []",
    '3:12 wrong-value: cannot read "rules": expected at least one item, got an empty list',
  ],
  [
    "an action of a later version",
    "actions: [{ capture: { before: 30s } }]",
    `3:26 wrong-value: cannot use the action "capture": it is not available in this version; ${forms}`,
  ],
  [
    "an action of a later version, as a word",
    "actions: [capture]",
    `3:15 wrong-value: cannot use the action "capture": it is not available in this version; ${forms}`,
  ],
  [
    "an action without its object",
    "actions: [pause]",
    '3:15 wrong-value: cannot use the action "pause" alone: write pause: container',
  ],
  [
    "an action that is nearly one, without its object",
    "actions: [disconect]",
    '3:15 wrong-value: cannot read the action "disconect": did you mean "disconnect: networks"?',
  ],
  [
    "a number as an action",
    "actions: [7]",
    `3:15 wrong-value: cannot read item 1 of "actions": ${forms}, got 7`,
  ],
  [
    "a kill of something else",
    "actions: [{ kill: proces }]",
    '3:23 wrong-value: cannot read "kill": expected container, process, process-tree, or a map such as { target: container, signal: TERM }, got "proces"; did you mean "process"?',
  ],
  [
    "a kill of something else in a map",
    "actions: [{ kill: { target: proces } }]",
    '3:33 wrong-value: cannot read "kill.target": expected container, process or process-tree, got "proces"; did you mean "process"?',
  ],
  [
    "a signal that is none",
    "actions: [{ kill: { target: container, signal: TERN } }]",
    '3:52 wrong-value: cannot send the signal "TERN": did you mean "TERM"?',
  ],
  [
    "a signal for a process",
    "actions: [{ kill: { target: process, signal: TERM } }]",
    "3:23 wrong-value: cannot choose the signal for a process: it gets KILL, which no process can ignore; a signal goes with target: container",
  ],
  [
    "a grace without a unit",
    "actions: [{ stop: { grace: 10 } }]",
    '3:32 wrong-value: cannot read "stop.grace": expected a duration from 0s to 10m, such as 10m, got 10',
  ],
  [
    "an unknown key of stop",
    "actions: [{ stop: { grase: 10s } }]",
    '3:25 unknown-key: cannot use the key "stop.grase" here: did you mean "grace"?',
  ],
  [
    "a hook that is a command line",
    "actions: [{ hook: { program: /bin/page now } }]",
    `3:34 wrong-value: cannot read "hook.program": ${programForms}, got "/bin/page now"`,
  ],
  [
    "a hook that is looked for on the path",
    "actions: [{ hook: { program: [page] } }]",
    `3:34 wrong-value: cannot read "hook.program": ${programForms}, got a list`,
  ],
  [
    "a hook without a program",
    "actions: [{ hook: { user: root } }]",
    `3:25 missing-key: cannot find "hook.program": ${programForms}`,
  ],
  [
    "a hook for a user that cannot be one",
    'actions: [{ hook: { program: [/x], user: "a b" } }]',
    '3:46 wrong-value: cannot read "hook.user": expected a user\'s name, a uid, or UID:GID such as "1000:1000", got "a b"',
  ],
  [
    "a hook that may take hours",
    "actions: [{ hook: { program: [/x], timeout: 2h } }]",
    '3:49 wrong-value: cannot read "hook.timeout": expected a duration from 100ms to 10m, such as 10m, got "2h"',
  ],
  [
    "an unknown action",
    "actions: [dney]",
    '3:15 wrong-value: cannot read the action "dney": did you mean "deny"?',
  ],
  [
    "an unknown action with an object",
    "actions: [{ puase: container }]",
    '3:17 unknown-key: cannot use the key "puase" here: did you mean "pause"?',
  ],
  [
    "two actions in one item",
    "actions: [{ pause: container, stop: container }]",
    `3:15 wrong-value: cannot read item 1 of "actions": ${forms}, got a map`,
  ],
  [
    "an action on the wrong thing",
    "actions: [{ pause: process }]",
    '3:24 wrong-value: cannot read "pause": expected container, got "process"',
  ],
  [
    "a notify of nobody",
    "actions: [{ notify: [] }]",
    '3:25 wrong-value: cannot read "notify": expected at least one item, got an empty list',
  ],
  [
    "a cooldown without a unit",
    "limits: { cooldown: 60 }",
    '3:25 wrong-value: cannot read "limits.cooldown": expected a duration from 1s to 24h, such as 24h, got 60',
  ],
  [
    "no actions per minute",
    "limits: { max_actions_per_minute: 0 }",
    '3:39 wrong-value: cannot read "limits.max_actions_per_minute": expected at least 1, got 0',
  ],
  [
    "a never that names no kind",
    "never: [registry]",
    '3:13 wrong-value: cannot read the "never" entry "registry": expected name:GLOB, label:KEY, label:KEY=VALUE, image:PATTERN, compose:PROJECT, compose:PROJECT/SERVICE or id:HEX',
  ],
  [
    "a never whose image is none",
    "never: [image:Alpine]",
    '3:13 wrong-value: cannot read the "never" entry "image:Alpine": the path of an image is in lower case',
  ],
  [
    "a mode that is none",
    "mode: enfroce",
    '3:11 wrong-value: cannot read "mode": expected monitor or enforce, got "enfroce"; did you mean "enforce"?',
  ],
  [
    "a scope that does not compile, located inside its quotes",
    'scope: "\\x6eope = 1"',
    "3:13 bad-scope: cannot compile",
  ],
  [
    "a scope that is a map",
    "scope: {}",
    '3:12 wrong-value: cannot read "scope": expected text, got a map',
  ],
];

for (const [name, line, fault] of faults) {
  t.test(name, (t) => {
    const rules = line.startsWith("rules") ? "" : `    rules: [${ruleName}]\n`;
    const { policies, diagnostics } = read(`policies:\n  - name: A\n    ${line}\n${rules}`);
    t.same(faultLines(diagnostics), [`1.yaml:${fault}`]);
    t.same(policies, [], "no policy of a wrong file is used");
    t.end();
  });
}

t.test("faults of all kinds and files are told at once", (t) => {
  const { policies, diagnostics } = read(
    `policies:
  - name: A
    rules: [Nope]
    mode: x
  - name: A
    rules: [{ tag: container }]
    scope: nope
  - rules: [Nope2]
`,
    "policies: [",
    `policies:
  - name: A
    rules: [{ tag: container }]
`,
  );
  t.same(policies, []);
  t.same(faultLines(diagnostics), [
    '1.yaml:3:13 unknown-rule: cannot find the rule "Nope": there are "Run Web Fetch Program in Container"',
    '1.yaml:4:11 wrong-value: cannot read "mode": expected monitor or enforce, got "x"',
    '1.yaml:5:11 repeated-policy: cannot define the policy "A" twice: give this one another name',
    "1.yaml:7:12 bad-scope: cannot compile",
    '1.yaml:8:5 missing-key: cannot find "name": expected text',
    '1.yaml:8:13 unknown-rule: cannot find the rule "Nope2": there are "Run Web Fetch Program in Container"',
    ...faultLines(diagnostics).filter((line) => line.startsWith("2.yaml:")),
    '3.yaml:2:11 repeated-policy: cannot define the policy "A" twice: give this one another name',
  ]);
  t.match(
    faultLines(diagnostics).find((line) => line.startsWith("2.yaml:")),
    /yaml-syntax/,
  );
  const repeated = diagnostics.filter(({ code }) => code === "repeated-policy").at(-1);
  t.match(repeated?.notes, [
    { message: "first defined here", span: { source: { name: "1.yaml" }, start: 20 } },
  ]);
  t.end();
});

t.test("a scope that neither compiles nor fails is a fault of the program", (t) => {
  const text = "policies: [{ name: A, rules: [x], scope: y }]";
  const broken = { compileScope: () => ({ diagnostics: [] }) };
  t.throws(() => readPolicies([{ name: "f", text }], broken), /assertion failed/);
  t.end();
});
