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

/** Measures the shipped rules, and what each further rule adds, in interleaved rounds. */
export function measureRulesCost({ rounds, events }: RulesCostSizes): readonly Row[] {
  const named = (index: number): string =>
    `proc.name in (tool${index}, helper${index}) and not proc.pname in (keeper${index}, make)`;
  const unnamed = (index: number): string =>
    `proc.exepath startswith "/opt/vendor${index}/" and not proc.pname in (keeper${index}, make)`;
  const rulesets = {
    shipped: load(readFileSync(shipped, "utf8")),
    namedFew: load(rulesText(few, named)),
    namedMany: load(rulesText(many, named)),
    unnamedFew: load(rulesText(few, unnamed)),
    unnamedMany: load(rulesText(many, unnamed)),
  };
  const made = Array.from({ length: eventsMade }, (_, index) => eventOf(index));
  const ns: Record<keyof typeof rulesets, number[]> = {
    shipped: [],
    namedFew: [],
    namedMany: [],
    unnamedFew: [],
    unnamedMany: [],
  };
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

/** Nanoseconds per event. None of the events matches. */
function measure(ruleset: Ruleset, made: readonly ExecEvent[], events: number): number {
  let matched = 0;
  const startMs = performance.now();
  for (let done = 0; done < events; done += made.length) {
    for (const event of made) matched += ruleset.match(event).length;
  }
  const tookMs = performance.now() - startMs;
  assert(matched === 0, "no generated rule matches");
  return (tookMs * 1e6) / events;
}
