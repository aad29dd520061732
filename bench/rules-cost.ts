// What rules cost an exec event: the ruleset alone, in this process, on made-up events.
// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ExecEvent } from "../daemon/model/event.ts";
import { loadRules } from "../daemon/rules/load.ts";
import type { Ruleset } from "../daemon/rules/ruleset.ts";
import { assert } from "../daemon/util/assert.ts";
import { sampleEvent } from "../test/rules/sample-event.ts";
import type { Row } from "./report.ts";
import { median } from "./samples.ts";
import { upstreamFiles, upstreamVariable } from "./upstream.ts";

/** Sizes of the measurement. */
export interface RulesCostSizes {
  readonly rounds: number;
  /** Events of each ruleset in each round. */
  readonly events: number;
}

const shipped = fileURLToPath(new URL("../../rules/web-fetch.yaml", import.meta.url));
const few = 100;
const many = 1_000;
const perRuleUsMax = 0.02;
const eventsMade = 64;
const upstreamUsMax = 2;
const manyUsMax = 10;

/** Measures the shipped rules, and what each further rule adds, in interleaved rounds. */
export function measureRulesCost({ rounds, events }: RulesCostSizes): readonly Row[] {
  const named = (index: number): string =>
    `proc.name in (tool${index}, helper${index}) and not proc.pname in (keeper${index}, make)`;
  const unnamed = (index: number): string =>
    `proc.exepath startswith "/opt/vendor${index}/" and not proc.pname in (keeper${index}, make)`;
  const upstream = upstreamRules();
  const rulesets = {
    shipped: load(readFileSync(shipped, "utf8")),
    upstream: upstream ?? load(""),
    namedFew: load(rulesText(few, named)),
    namedMany: load(rulesText(many, named)),
    unnamedFew: load(rulesText(few, unnamed)),
    unnamedMany: load(rulesText(many, unnamed)),
    mixedMany: load(rulesText(many, (index) => (index % 2 === 0 ? named : unnamed)(index))),
  };
  const made = Array.from({ length: eventsMade }, (_, index) => eventOf(index));
  const ns = Object.fromEntries(keysOf(rulesets).map((name) => [name, [] as number[]])) as Record<
    keyof typeof rulesets,
    number[]
  >;
  // The first round warms up.
  for (let round = 0; round <= rounds; round++) {
    for (const name of keysOf(rulesets)) {
      const nsPerEvent = measure(rulesets[name], made, events);
      if (round > 0) ns[name].push(nsPerEvent);
    }
  }
  const samples = `${rounds} × ${events}`;
  const perRuleNs = (a: readonly number[], b: readonly number[]): number =>
    Math.max(0, median(b) - median(a)) / (many - few);
  return [
    {
      what: "shipped rules, per exec event",
      measured: `${median(ns.shipped).toFixed(0)} ns`,
      samples,
    },
    upstream === undefined
      ? {
          what: `upstream rules: not measured, ${upstreamVariable} is not set`,
          measured: "",
          samples,
        }
      : perEventRow(`${upstream.enabled.length} upstream rules, per exec event`, {
          ns: ns.upstream,
          usMax: upstreamUsMax,
          samples,
        }),
    perEventRow(`${many} generated rules, per exec event`, {
      ns: ns.mixedMany,
      usMax: manyUsMax,
      samples,
    }),
    ...regexRows(rounds),
    perRuleRow("each further rule that names its programs", {
      perRuleNs: perRuleNs(ns.namedFew, ns.namedMany),
      samples,
      detail: `${few}: ${median(ns.namedFew).toFixed(0)} ns, ${many}: ${median(ns.namedMany).toFixed(0)} ns`,
    }),
    perRuleRow("each further rule that goes by a path", {
      perRuleNs: perRuleNs(ns.unnamedFew, ns.unnamedMany),
      samples,
      detail: `${few}: ${median(ns.unnamedFew).toFixed(0)} ns, ${many}: ${median(ns.unnamedMany).toFixed(0)} ns`,
    }),
  ];
}

function upstreamRules(): Ruleset | undefined {
  const files = upstreamFiles()?.map((name) => ({ name, text: readFileSync(name, "utf8") }));
  if (files === undefined) return undefined;
  const selection = [{ action: "enable", by: "rule", pattern: "*" }] as const;
  const { ruleset, diagnostics } = loadRules({ files, settings: { selection } });
  assert(ruleset !== undefined, `upstream loads: ${JSON.stringify(diagnostics.slice(0, 3))}`);
  return ruleset;
}

/** Patterns that make a backtracking engine take exponential time. */
const evilPatterns = ["(a*)*b", "(a|a)*b", "(a+)+(a+)+b", ".*.*.*.*x"] as const;
const regexLength = 4_000;
/** Twice the text may take twice the time, and some noise. */
const growthMax = 3;

function regexRows(rounds: number): readonly Row[] {
  return evilPatterns.map((pattern) => {
    const ruleset = load(`- rule: Evil
  desc: Slow.
  condition: proc.exepath regex "${pattern}"
  output: o
  priority: NOTICE
`);
    const usOf = (length: number): number => {
      const event = sampleEvent({ process: { exepath: "a".repeat(length) } });
      return median(Array.from({ length: rounds }, () => measure(ruleset, [event], 1) / 1000));
    };
    usOf(regexLength);
    const once = usOf(regexLength);
    const twice = usOf(2 * regexLength);
    const growth = twice / once;
    return {
      what: `regex ${pattern} on twice the text`,
      measured: `× ${growth.toFixed(2)}`,
      aim: { text: `≤ × ${growthMax}`, isMet: growth <= growthMax },
      samples: `${rounds} × 1`,
      detail: `${regexLength} bytes: ${once.toFixed(0)} µs`,
    };
  });
}

function perEventRow(
  what: string,
  { ns, usMax, samples }: { ns: readonly number[]; usMax: number; samples: string },
): Row {
  const us = median(ns) / 1000;
  return {
    what,
    measured: `${us.toFixed(2)} µs`,
    aim: { text: `≤ ${usMax} µs`, isMet: us <= usMax },
    samples,
  };
}

function keysOf<T extends object>(object: T): readonly (keyof T)[] {
  // Object.keys cannot know that there are no others.
  return Object.keys(object) as (keyof T)[];
}

function perRuleRow(
  what: string,
  { perRuleNs, samples, detail }: { perRuleNs: number; samples: string; detail: string },
): Row {
  const isMet = perRuleNs / 1000 <= perRuleUsMax;
  return {
    what,
    measured: `${perRuleNs.toFixed(2)} ns`,
    aim: { text: `≤ ${perRuleUsMax * 1000} ns`, isMet },
    samples,
    detail,
  };
}

function rulesText(count: number, condition: (index: number) => string): string {
  const rule = (_: unknown, index: number): string => `- rule: Generated ${index}
  desc: Generated.
  condition: evt.type in (execve, execveat) and container.id != host and ${condition(index)}
  output: Generated (command=%proc.cmdline)
  priority: NOTICE
`;
  return Array.from({ length: count }, rule).join("");
}

function load(text: string): Ruleset {
  const { ruleset, diagnostics } = loadRules({ files: [{ name: "bench.yaml", text }] });
  assert(ruleset !== undefined, `the rules load: ${JSON.stringify(diagnostics.slice(0, 3))}`);
  return ruleset;
}

function eventOf(index: number): ExecEvent {
  const comm = `worker${index}`;
  return sampleEvent({
    process: { comm, exepath: `/srv/app/bin/${comm}`, argv: [comm, "--id", String(index)] },
  });
}

/** Nanoseconds of processor time per event, whatever else the machine does. None of the events matches. */
function measure(ruleset: Ruleset, made: readonly ExecEvent[], events: number): number {
  let matched = 0;
  const before = process.cpuUsage();
  for (let done = 0; done < events; done += made.length) {
    for (const event of made) matched += ruleset.match(event).length;
  }
  const { user, system } = process.cpuUsage(before);
  assert(matched === 0, "no rule matches");
  return ((user + system) * 1000) / events;
}
