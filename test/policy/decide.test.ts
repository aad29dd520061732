// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import type { Action } from "../../daemon/model/alert.ts";
import type { RuleInfo } from "../../daemon/model/decision.ts";
import type { ExecEvent } from "../../daemon/model/event.ts";
import { decide } from "../../daemon/policy/decide.ts";
import { createLimits, type LimitState } from "../../daemon/policy/limits.ts";
import { parseNeverEntry, type NeverEntry } from "../../daemon/policy/never.ts";
import type { Policy } from "../../daemon/policy/policy.ts";
import { couldDeny, refusingPolicies } from "../../daemon/policy/scope.ts";
import { container, execEvent, hex64, host, place, rule } from "./samples.ts";

interface PolicyParts extends Partial<Policy> {
  readonly name?: string;
  readonly mode?: "monitor" | "enforce";
  /** `deny`, `pause`, `kill-process`, `notify`… */
  readonly do?: readonly Action["kind"][];
}

function policy(parts: PolicyParts = {}): Policy {
  const { name = "P", mode = "enforce", do: kinds = ["deny"], ...more } = parts;
  return {
    info: { name, mode, severity: "medium" },
    isEnabled: true,
    selectors: [{ kind: "tag", tag: "container" }],
    actions: kinds.map(action),
    limits: {},
    never: [],
    ...more,
  };
}

function action(kind: Action["kind"]): Action {
  if (kind === "notify") return { kind, outputs: ["ops"] };
  if (kind === "hook") return { kind, program: ["/bin/page"], user: "nobody", timeoutMs: 1_000 };
  return { kind };
}

function never(text: string): readonly NeverEntry[] {
  const result = parseNeverEntry(text);
  if ("problem" in result) throw new Error(result.problem);
  return [result.entry];
}

interface Given {
  readonly policies: readonly Policy[];
  readonly event?: Partial<ExecEvent>;
  readonly matches?: readonly RuleInfo[];
  readonly mode?: "monitor" | "enforce";
  readonly limits?: LimitState;
  readonly nowMs?: number;
}

const bounds = { cooldownsMax: 100, policiesMax: 100 };

function decided(given: Given): ReturnType<typeof decide> {
  const { event = {}, matches = [rule()], limits = createLimits(bounds) } = given;
  const { policies, mode = "enforce", nowMs = 1_000_000 } = given;
  return decide({ event: execEvent(event), matches, policies, mode, nowMs, limits });
}

/** Verdict, then `policy action status: detail` of every action. */
function outline(given: Given): readonly string[] {
  const { verdict, matches } = decided(given);
  const actions = matches.flatMap((match) => match.actions);
  return [
    verdict,
    ...actions.map(({ policyName, action, status, detail }) =>
      [policyName, action.kind, detail === undefined ? status : `${status}: ${detail}`].join(" "),
    ),
  ];
}

const everything = [
  ...(["deny", "pause", "unpause", "stop", "restart", "kill-container", "disconnect"] as const),
  ...(["kill-process", "kill-process-tree", "hook", "notify"] as const),
];
const onHost: Partial<ExecEvent> = { container: undefined as never };
const daemonMonitors = "would-do: the daemon's mode is monitor: nothing is enforced";
const policyMonitors = "would-do: the policy's mode is monitor";
const nowhere = "not-possible: the process is in no container that is known";

const rows: readonly [name: string, given: Given, outline: readonly string[]][] = [
  ["a policy that denies", { policies: [policy()] }, ["deny", "P deny do"]],
  ["no policy", { policies: [] }, ["allow"]],
  ["no match", { policies: [policy()], matches: [] }, ["allow"]],
  ["a policy that is off", { policies: [policy({ isEnabled: false })] }, ["allow"]],
  [
    "a policy about another rule",
    { policies: [policy({ selectors: [{ kind: "name", name: "Other" }] })] },
    ["allow"],
  ],
  ["a scope that does not hold", { policies: [policy({ scope: () => false })] }, ["allow"]],
  [
    "a scope sees the event's place",
    {
      policies: [policy({ scope: (at) => at.container?.name === "web" && at.host === host })],
    },
    ["deny", "P deny do"],
  ],
  [
    "the daemon's mode overrules every policy",
    { policies: [policy({ do: everything })], mode: "monitor" },
    ["allow", ...everything.map((kind) => `P ${kind} ${daemonMonitors}`)],
  ],
  [
    "a policy that monitors",
    { policies: [policy({ do: everything, mode: "monitor" })] },
    ["allow", ...everything.map((kind) => `P ${kind} ${policyMonitors}`)],
  ],
  [
    "one policy monitors, another enforces",
    { policies: [policy({ name: "A", mode: "monitor" }), policy({ name: "B" })] },
    ["deny", `A deny ${policyMonitors}`, "B deny do"],
  ],
  [
    "an exec that did not wait cannot be refused, but the process can be killed",
    { policies: [policy({ do: ["deny", "kill-process"] })], event: { isHeld: false } },
    ["allow", "P deny not-possible: the exec did not wait for the decision", "P kill-process do"],
  ],
  [
    "an exec that is refused leaves nothing to kill, whoever asks for it",
    {
      policies: [
        policy({ name: "A", do: ["kill-process"] }),
        policy({ name: "B", do: ["deny", "kill-container"] }),
      ],
    },
    [
      "deny",
      "A kill-process suppressed: the exec was refused: the program never ran",
      "B deny do",
      "B kill-container do",
    ],
  ],
  [
    "never keeps everything off but notice",
    { policies: [policy({ do: everything, never: never("name:web") })] },
    [
      "allow",
      ...everything
        .slice(0, -1)
        .map((kind) => `P ${kind} suppressed: the policy says never: name:web`),
      "P notify do",
    ],
  ],
  [
    "never is said in monitor mode too",
    { policies: [policy({ never: never("name:web"), mode: "monitor" })] },
    ["allow", "P deny suppressed: the policy says never: name:web"],
  ],
  [
    "never of another container",
    { policies: [policy({ never: never("name:db") })] },
    ["deny", "P deny do"],
  ],
  [
    "one policy's never does not bind another",
    { policies: [policy({ name: "A", never: never("name:web") }), policy({ name: "B" })] },
    ["deny", "A deny suppressed: the policy says never: name:web", "B deny do"],
  ],
  [
    "without a container there is none to act on",
    { policies: [policy({ do: everything, never: never("name:web") })], event: onHost },
    [
      "deny",
      "P deny do",
      `P pause ${nowhere}`,
      `P unpause ${nowhere}`,
      `P stop ${nowhere}`,
      `P restart ${nowhere}`,
      `P kill-container ${nowhere}`,
      `P disconnect ${nowhere}`,
      "P kill-process suppressed: the exec was refused: the program never ran",
      "P kill-process-tree suppressed: the exec was refused: the program never ran",
      "P hook do",
      "P notify do",
    ],
  ],
  [
    "the same action of two policies is done once",
    {
      policies: [
        policy({ name: "A", do: ["pause", "notify"] }),
        policy({ name: "B", do: ["pause", "stop", "notify"] }),
      ],
    },
    [
      "allow",
      "A pause do",
      "A notify do",
      'B pause suppressed: already done for this event by policy "A"',
      "B stop do",
      "B notify do",
    ],
  ],
  [
    "what differs is done for each: another signal, another program, another user",
    {
      policies: [
        policy({
          actions: [
            { kind: "kill-container", signal: "SIGTERM" },
            { kind: "kill-container" },
            { kind: "kill-container", signal: "SIGKILL" },
            { kind: "hook", program: ["/a"], user: "nobody", timeoutMs: 1 },
            { kind: "hook", program: ["/a"], user: "root", timeoutMs: 1 },
            { kind: "hook", program: ["/a", "x"], user: "nobody", timeoutMs: 1 },
            { kind: "hook", program: ["/a"], user: "nobody", timeoutMs: 2 },
          ],
        }),
      ],
    },
    [
      "allow",
      "P kill-container do",
      "P kill-container do",
      'P kill-container suppressed: already done for this event by policy "P"',
      "P hook do",
      "P hook do",
      "P hook do",
      'P hook suppressed: already done for this event by policy "P"',
    ],
  ],
  [
    "the same action for two rules is done once",
    {
      policies: [policy({ do: ["deny", "pause"] })],
      matches: [rule({ name: "R1" }), rule({ name: "R2" })],
    },
    [
      "deny",
      "P deny do",
      "P pause do",
      "P deny do",
      'P pause suppressed: already done for this event by policy "P"',
    ],
  ],
  [
    "what another policy only would do is not done yet",
    {
      policies: [
        policy({ name: "A", do: ["pause"], mode: "monitor" }),
        policy({ name: "B", do: ["pause"] }),
      ],
    },
    ["allow", `A pause ${policyMonitors}`, "B pause do"],
  ],
];

for (const [name, given, expected] of rows) {
  t.test(name, (t) => {
    t.strictSame(outline(given), expected);
    t.end();
  });
}

t.test("every match keeps its rule and the policies that apply to it", (t) => {
  const named = policy({ name: "A", selectors: [{ kind: "name", name: "R1" }], do: ["notify"] });
  const severe = policy({ name: "B", selectors: [{ kind: "priority", atLeast: "Error" }], do: [] });
  const matches = [
    rule({ name: "R1", priority: "Notice" }),
    rule({ name: "R2", priority: "Critical" }),
  ];
  const decision = decided({ policies: [named, severe], matches });
  t.same(
    decision.matches.map((match) => [match.rule.name, match.policies.map((info) => info.name)]),
    [
      ["R1", ["A"]],
      ["R2", ["B"]],
    ],
  );
  t.equal(decision.matches[0]?.rule, matches[0]);
  t.end();
});

t.test("a cooldown lets one event through, with all its actions, and spares the others", (t) => {
  const limits = createLimits(bounds);
  const policies = [
    policy({ do: ["deny", "pause", "stop", "notify"], limits: { cooldownMs: 60_000 } }),
  ];
  const wait = (time: string): string =>
    `suppressed: cooldown: acts in this container again in ${time}`;
  t.strictSame(outline({ policies, limits, nowMs: 0 }), [
    "deny",
    "P deny do",
    "P pause do",
    "P stop do",
    "P notify do",
  ]);
  t.strictSame(
    outline({ policies, limits, nowMs: 100 }),
    ["deny", "P deny do", `P pause ${wait("1m")}`, `P stop ${wait("1m")}`, "P notify do"],
    "deny and notify are never limited",
  );
  const other = { container: container({ id: hex64("d") }) };
  t.match(outline({ policies, limits, nowMs: 100, event: other }), [
    "deny",
    "P deny do",
    "P pause do",
  ]);
  t.match(outline({ policies, limits, nowMs: 59_001 }).slice(2), [`P pause ${wait("1s")}`]);
  t.match(outline({ policies, limits, nowMs: 60_000 }).slice(2), ["P pause do", "P stop do"]);
  t.end();
});

t.test("actions per minute are counted one by one over all containers", (t) => {
  const limits = createLimits(bounds);
  const policies = [policy({ do: ["pause", "stop"], limits: { actionsPerMinuteMax: 3 } })];
  const full = "suppressed: max_actions_per_minute: 3 were done in the last minute";
  const at = (nowMs: number, id: string): readonly string[] =>
    outline({ policies, limits, nowMs, event: { container: container({ id: hex64(id) }) } });
  t.strictSame(at(0, "a"), ["allow", "P pause do", "P stop do"]);
  t.strictSame(at(10, "b"), ["allow", "P pause do", `P stop ${full}`]);
  t.strictSame(at(20, "c"), ["allow", `P pause ${full}`, `P stop ${full}`]);
  t.strictSame(at(60_000, "c"), ["allow", "P pause do", "P stop do"]);
  t.end();
});

t.test("what is not done uses up no limit", (t) => {
  const limits = createLimits(bounds);
  const strict = { cooldownMs: 60_000, actionsPerMinuteMax: 1 };
  const watching = policy({ name: "A", do: ["pause"], limits: strict, mode: "monitor" });
  const spared = policy({ name: "B", do: ["pause"], limits: strict, never: never("name:web") });
  for (let i = 0; i < 3; i++) outline({ policies: [watching, spared], limits, nowMs: i });
  t.same(limits.counters(), { cooldowns: 0, policies: 0, evicted: 0 });
  t.end();
});

const couldDenyRows: readonly [
  name: string,
  policies: readonly Policy[],
  mode: "monitor" | "enforce",
  could: boolean,
][] = [
  ["a policy that denies", [policy()], "enforce", true],
  ["the daemon monitors", [policy()], "monitor", false],
  ["the policy monitors", [policy({ mode: "monitor" })], "enforce", false],
  ["a policy that is off", [policy({ isEnabled: false })], "enforce", false],
  ["a policy that only pauses", [policy({ do: ["pause", "notify"] })], "enforce", false],
  ["a scope that does not hold", [policy({ scope: () => false })], "enforce", false],
  ["never", [policy({ never: never("name:web") })], "enforce", false],
  ["never of another container", [policy({ never: never("name:db") })], "enforce", true],
  ["one of two", [policy({ mode: "monitor" }), policy()], "enforce", true],
  ["none", [], "enforce", false],
];

for (const [name, policies, mode, could] of couldDenyRows) {
  t.test(`could an exec be refused here: ${name}`, (t) => {
    t.equal(couldDeny(place(), refusingPolicies(policies, [rule()], mode)), could);
    if (!could) t.equal(decided({ policies, mode }).verdict, "allow", "then no decision refuses");
    t.end();
  });
}

t.test("a policy of which no rule is about execs refuses none", (t) => {
  const other = rule({ tags: ["docker"] });
  t.equal(couldDeny(place(), refusingPolicies([policy()], [other], "enforce")), false);
  t.equal(couldDeny(place(), refusingPolicies([policy()], [], "enforce")), false);
  t.equal(couldDeny(place(), refusingPolicies([policy()], [other, rule()], "enforce")), true);
  t.end();
});
