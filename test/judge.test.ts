// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { createJudge, loadJudge, type JudgeSources, type LiveJudge } from "../daemon/judge.ts";
import type { ExecEvent } from "../daemon/model/event.ts";
import { createLimits } from "../daemon/policy/limits.ts";
import { container, execEvent, faultLines, host, image, place } from "./policy/samples.ts";

const bounds = { cooldownsMax: 100, policiesMax: 100 };
const rules = `
- rule: Fetch
  desc: a download
  condition: evt.type = execve and proc.name = curl and not allowed_web_fetch
  output: "fetch %proc.name in %container.name"
  priority: INFO
  tags: [network]
- rule: Door
  desc: the engine tells of a container
  condition: evt.type = docker_event
  output: o
  priority: INFO
  source: docker
- rule: Dead
  desc: nothing sees files being opened
  condition: evt.type = open
  output: o
  priority: INFO
- rule: Off
  desc: an exec, but switched off
  condition: evt.type = execve
  output: o
  priority: INFO
  enabled: false
`;
const allowlist = `
allowlists:
  web_fetch:
    images: [byrnedo/alpine-curl]
`;

interface PolicyText {
  readonly mode?: string;
  readonly isEnabled?: boolean;
  readonly actions?: string;
  readonly scope?: string;
  readonly rules?: string;
}

function policyText(changes: PolicyText = {}): string {
  const { mode = "enforce", isEnabled = true, actions = "deny", scope, rules = "Fetch" } = changes;
  const lines = [
    ...["policies:", "  - name: P", "    severity: high", `    rules: [${rules}]`],
    ...[`    mode: ${mode}`, `    enabled: ${isEnabled}`, `    actions: [${actions}]`],
    ...(scope === undefined ? [] : [`    scope: ${scope}`]),
  ];
  return `${lines.join("\n")}\n`;
}

function sources(changes: Partial<JudgeSources> = {}): JudgeSources {
  return {
    rules: [{ name: "rules.yaml", text: rules }],
    policies: [{ name: "policies.yaml", text: policyText() }],
    allowlist: { name: "allowlist.yaml", text: allowlist },
    ruleSettings: { selection: [], minPriority: "Debug", matching: "all", append: [] },
    outputNames: ["ops"],
    ...changes,
  };
}

/** A judge of the sample files with another policy. */
function judge(policy: PolicyText = {}, mode: "monitor" | "enforce" = "enforce"): LiveJudge {
  const policies = [{ name: "policies.yaml", text: policyText(policy) }];
  const { loaded, diagnostics } = loadJudge(sources({ policies }));
  if (loaded === undefined) throw new Error(faultLines(diagnostics).join("\n"));
  return createJudge(loaded, { mode, monotonicMs: () => 0, limits: createLimits(bounds) });
}

/** An exec of curl in a container, on the allowlists that the judge finds. */
function eventIn(of: LiveJudge, reference: string): ExecEvent {
  const subject = container({ image: image(reference) });
  return execEvent({ container: subject, allowlists: of.allowlistsOf(subject) });
}

t.test("sound files are loaded whole", (t) => {
  const { loaded, diagnostics } = loadJudge(sources());
  t.strictSame(diagnostics, []);
  t.strictSame(
    loaded?.ruleset.rules.map(({ name }) => name),
    ["Fetch", "Door", "Dead", "Off"],
  );
  t.strictSame(
    loaded?.policies.map(({ info }) => info.name),
    ["P"],
  );
  t.equal(loaded?.allowlists.length, 1);
  t.end();
});

const faults: readonly [
  name: string,
  changes: Partial<JudgeSources> | "no allowlist",
  faults: readonly RegExp[],
][] = [
  [
    "every fault of every file is told at once",
    {
      rules: [{ name: "rules.yaml", text: rules.replace("proc.name =", "proc.nam =") }],
      policies: [{ name: "policies.yaml", text: policyText({ mode: "strict" }) }],
      allowlist: { name: "allowlist.yaml", text: "allowlists: 5\n" },
    },
    [/^allowlist\.yaml:1:/, /^rules\.yaml:4:36 /, /^rules\.yaml:4:60 /, /^policies\.yaml:5:/],
  ],
  ["without its allowlist a rule's macro is not known", "no allowlist", [/allowed_web_fetch/]],
  [
    "a policy for a rule that is not there",
    { policies: [{ name: "policies.yaml", text: policyText({ rules: "Fetsh" }) }] },
    [/^policies\.yaml:4:.*Fetsh/],
  ],
  [
    "a policy for a tag that no rule has",
    { policies: [{ name: "policies.yaml", text: policyText({ rules: "tag: netwrk" }) }] },
    [/^policies\.yaml:4:.*netwrk/],
  ],
  [
    "an output that is not there",
    {
      policies: [{ name: "policies.yaml", text: policyText({ actions: "notify: [ops, opps]" }) }],
    },
    [/^policies\.yaml:7:.*opps/],
  ],
  [
    "a scope that is no condition",
    { policies: [{ name: "policies.yaml", text: policyText({ scope: "container.nam = x" }) }] },
    [/^policies\.yaml:8:.*container\.nam/],
  ],
];

for (const [name, changes, expected] of faults) {
  t.test(`nothing is loaded: ${name}`, (t) => {
    const { allowlist: _allowlist, ...without } = sources();
    const given = changes === "no allowlist" ? without : sources(changes);
    const { loaded, diagnostics } = loadJudge(given);
    t.equal(loaded, undefined);
    t.match(faultLines(diagnostics.filter(({ severity }) => severity === "error")), [...expected]);
    t.end();
  });
}

t.test("an unsound rule file is not taken for one without rules", (t) => {
  const { diagnostics } = loadJudge(
    sources({ rules: [{ name: "rules.yaml", text: rules.replace("proc.name =", "proc.nam =") }] }),
  );
  t.match(faultLines(diagnostics), [/proc\.nam/]);
  t.notMatch(
    faultLines(diagnostics).join("\n"),
    /Fetch.*policies/,
    "policies are not blamed for it",
  );
  t.end();
});

t.test("doubts do not keep files from being loaded", (t) => {
  const text = `${rules}\n- macro: unused\n  condition: proc.name = x\n`;
  const { loaded, diagnostics } = loadJudge(sources({ rules: [{ name: "rules.yaml", text }] }));
  t.match(diagnostics, [{ severity: "warning" }]);
  t.ok(loaded);
  t.end();
});

t.test("an exec is matched, and decided by the policies", (t) => {
  const subject = judge();
  const event = eventIn(subject, "alpine");
  const matches = subject.match(event);
  t.strictSame(
    matches.map(({ name }) => name),
    ["Fetch"],
  );
  t.match(subject.decide(event, matches), {
    verdict: "deny",
    matches: [{ rule: { name: "Fetch" }, policies: [{ name: "P" }], actions: [{ status: "do" }] }],
  });
  t.end();
});

t.test("an image on the allowlist matches nothing", (t) => {
  const subject = judge();
  t.strictSame(subject.match(eventIn(subject, "byrnedo/alpine-curl:latest")), []);
  t.end();
});

t.test("in monitor mode nothing is refused, whatever policies say", (t) => {
  const subject = judge({}, "monitor");
  const event = eventIn(subject, "alpine");
  t.match(subject.decide(event, subject.match(event)), {
    verdict: "allow",
    matches: [{ actions: [{ status: "would-do" }] }],
  });
  t.end();
});

t.test("limits are counted in the judge's own clock", (t) => {
  const time = { ms: 0 };
  const text = `${policyText({ actions: "pause: container" })}    limits: { cooldown: 60s }\n`;
  const { loaded } = loadJudge(sources({ policies: [{ name: "p.yaml", text }] }));
  if (loaded === undefined) throw new Error("not loaded");
  const subject = createJudge(loaded, {
    mode: "enforce",
    monotonicMs: () => time.ms,
    limits: createLimits(bounds),
  });
  const event = eventIn(subject, "alpine");
  const statusAt = (ms: number): string | undefined => {
    time.ms = ms;
    return subject.decide(event, subject.match(event)).matches[0]?.actions[0]?.status;
  };
  t.strictSame([0, 59_999, 60_000].map(statusAt), ["do", "suppressed", "do"]);
  t.end();
});

t.test("allowlists are looked up once for each version of a container", (t) => {
  const subject = judge();
  const known = container({ image: image("byrnedo/alpine-curl") });
  t.strictSame(subject.allowlistsOf(known), new Set(["web_fetch"]));
  t.equal(subject.allowlistsOf(known), subject.allowlistsOf(known));
  t.strictSame(subject.allowlistsOf({ ...known, image: image("alpine") }), new Set());
  t.strictSame(subject.allowlistsOf(undefined), new Set());
  t.end();
});

const refusals: readonly [
  name: string,
  policy: PolicyText,
  mode: "monitor" | "enforce",
  canDeny: boolean,
  couldDenyHere: boolean,
][] = [
  ["a policy that refuses", {}, "enforce", true, true],
  ["the daemon only watches", {}, "monitor", false, false],
  ["the policy only watches", { mode: "monitor" }, "enforce", false, false],
  ["the policy is switched off", { isEnabled: false }, "enforce", false, false],
  ["the policy does something else", { actions: "pause: container" }, "enforce", false, false],
  ["its rules are about the engine's events", { rules: "Door" }, "enforce", false, false],
  ["its rules are inactive", { rules: "Dead" }, "enforce", false, false],
  ["its rules are switched off", { rules: "Off" }, "enforce", false, false],
  ["one of its rules is about execs", { rules: "Door, Fetch" }, "enforce", true, true],
  ["the policy holds elsewhere", { scope: "container.name = other" }, "enforce", true, false],
  ["the policy holds here", { scope: "container.name = web" }, "enforce", true, true],
];

for (const [name, policy, mode, canDeny, couldDenyHere] of refusals) {
  t.test(`whether an exec could be refused: ${name}`, (t) => {
    const subject = judge(policy, mode);
    t.equal(subject.canDeny, canDeny, "anywhere");
    t.equal(subject.couldDeny(place()), couldDenyHere, "here");
    t.equal(
      subject.couldDeny({ host, allowlists: new Set() }),
      couldDenyHere && policy.scope === undefined,
      "on the host",
    );
    t.end();
  });
}

const programRules = `
- rule: Not Allowed
  desc: a program that no list has
  condition: evt.type = execve and proc.allowlisted = false
  output: "why=%proc.allowlist_reason"
  priority: INFO
`;
const programList = `
allowlists:
  nginx: { images: [nginx], programs: [/usr/sbin/nginx] }
  tools: { images: [tools], programs: ["sha256:${"a".repeat(64)}"] }
  fetchers: { images: [byrnedo/alpine-curl] }
`;

function programJudge(allowlistText = programList, mode: "monitor" | "enforce" = "enforce") {
  const { loaded, diagnostics } = loadJudge({
    ...sources(),
    rules: [{ name: "rules.yaml", text: programRules }],
    policies: [{ name: "policies.yaml", text: policyText({ rules: "Not Allowed" }) }],
    allowlist: { name: "allowlist.yaml", text: allowlistText },
  });
  if (loaded === undefined) throw new Error(faultLines(diagnostics).join("\n"));
  return createJudge(loaded, { mode, monotonicMs: () => 0, limits: createLimits(bounds) });
}

t.test("only containers whose programs are listed pay for lists of programs", (t) => {
  const of = programJudge();
  const asked = (reference: string) => {
    const subject = container({ image: image(reference) });
    const allowlists = of.allowlistsOf(subject);
    return [of.questionOf(subject), of.couldDeny({ host, container: subject, allowlists })];
  };
  t.strictSame(asked("nginx"), ["image-path", true]);
  t.strictSame(asked("tools"), ["digest", true]);
  t.strictSame(asked("byrnedo/alpine-curl"), ["nothing", false], "a list that names none");
  t.strictSame(asked("redis"), ["nothing", false]);
  t.equal(of.canDeny, true);
  t.equal(programJudge("allowlists: {}").canDeny, false, "nobody lists programs");
  t.equal(programJudge(programList, "monitor").canDeny, false);
  t.end();
});

t.test("what a rule over programs comes to, without counting anything", (t) => {
  const of = programJudge();
  const event = execEvent({ program: { isAllowed: false, because: "not-listed" } });
  t.equal(of.denies(event), true);
  t.equal(of.denies({ ...event, program: { isAllowed: true, because: "listed" } }), false);
  t.equal(of.denies(execEvent()), false, "nothing is said of it");
  t.equal(of.denies({ ...event, isHeld: false }), false);
  t.end();
});
