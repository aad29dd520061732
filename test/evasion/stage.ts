// An engine's containers and a daemon, to try techniques on: without a guard first, to see that they work, then with it.
// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { startDaemon, type AlertLine, type TestDaemon } from "../support/daemon.ts";
import type { CommandResult, TestEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";
import { startContainers, type Containers } from "./containers.ts";
import { fateOf, type Fate, type Seen } from "./fate.ts";
import type { Technique } from "./technique.ts";
import { unpackImage } from "./tools.ts";

/** What was seen of an attempt. */
export interface Attempt {
  readonly seen: Seen;
  /** Milliseconds from the kernel's event to the alert, which comes when the action is over. */
  readonly tookMs?: number;
  /** For a failure's message. */
  readonly told: string;
}

/** Where techniques are tried. */
export interface Stage {
  readonly daemon: TestDaemon;
  attempt(technique: Technique): Promise<Attempt>;
  /** Starts containers whose entry point is denied, several at a time; how many did not run it. */
  startMany(count: number): Promise<{ readonly denied: number }>;
}

const lanes = 4;
const waitMs = 30_000;
const curlRan = /^curl \d/m;
const survived = /^survived$/m;

const onlyFromImage = `
- rule: Program Not Shipped by Image
  desc: For the container "strict" only.
  condition: evt.type in (execve, execveat) and container.name = strict and not proc.image_path exists
  output: program that the image does not ship (%proc.exepath)
  priority: WARNING
`;

// An engine in a container starts its containers from memory and through the loader, as runc does.
const policies = `policies:
  - name: No web fetch
    rules: [Run Web Fetch Program in Container]
    mode: enforce
    actions: [deny]
    scope: container.name != watched
  - name: The image's programs and no others
    rules: [Program Not Shipped by Image]
    mode: enforce
    actions: [deny]
    scope: container.name != watched
  - name: No loader
    rules: [Program Started Through the Loader in Container]
    mode: enforce
    actions: [deny]
    scope: not container.name in (watched, engine)
  - name: Nothing from memory
    rules: [Program Run From Memory in Container, Command Line Changed After Judgement]
    mode: enforce
    actions: [deny, kill: process]
    scope: not container.name in (watched, engine)
`;

/** What a stage is opened for. */
export interface StageOptions {
  readonly engine: TestEngine;
  /** The directory of tools.ts. */
  readonly tools: string;
  readonly techniques: readonly Technique[];
  /** A program, and its arguments, that is to run the daemon. */
  readonly runBy?: readonly string[];
}

/** Builds images, makes the attempts that nobody guards, and starts the daemon and the containers. */
export async function openStage({
  engine,
  tools,
  techniques,
  runBy = [],
}: StageOptions): Promise<Stage> {
  await buildImages(engine);
  if (techniques.some(({ where }) => where === "host")) await unpackImage(engine, tools);
  const unguarded = techniques.filter((technique) => isTriedUnguarded(technique, techniques));
  const sound = await tryUnguarded(engine, tools, unguarded);
  const daemon = await startDaemon({
    dockerHost: engine.host,
    mode: "enforce",
    witness: "gaps",
    policies,
    rules: ["web-fetchers", "second-view"]
      .map((name) => readFileSync(new URL(`../../rules/${name}.yaml`, import.meta.url), "utf8"))
      .concat(onlyFromImage)
      .join("\n"),
    runBy,
  });
  try {
    const containers = await startContainers(engine, tools, techniques);
    return stageOf({ engine, daemon, containers, sound });
  } catch (error) {
    // A daemon that is left behind would hold the execs of whoever comes next.
    await daemon.stop();
    throw error;
  }
}

/** What is refused shows nothing by itself; where the same is only watched, that shows it. */
function isTriedUnguarded(technique: Technique, techniques: readonly Technique[]): boolean {
  if (technique.expected !== "denied" || technique.reached !== undefined) return false;
  return !techniques.some(({ name }) => name === `${technique.name}, only watched`);
}

/** What each of these came to without a guard; what did not work has a text. */
async function tryUnguarded(
  engine: TestEngine,
  tools: string,
  techniques: readonly Technique[],
): Promise<ReadonlyMap<string, string | undefined>> {
  const containers = await startContainers(engine, tools, techniques);
  const ends = new Map<string, string | undefined>();
  const untried = [...techniques];
  await inLanes(techniques.length, async () => {
    const technique = untried.shift();
    if (technique === undefined) return;
    const end = await containers.run(technique, `unguarded-${untried.length}`);
    ends.set(technique.name, hasShown(end, technique.ran ?? curlRan) ? undefined : textOf(end));
  });
  await containers.remove();
  return ends;
}

function stageOf(parts: {
  readonly engine: TestEngine;
  readonly daemon: TestDaemon;
  readonly containers: Containers;
  readonly sound: ReadonlyMap<string, string | undefined>;
}): Stage {
  const { engine, daemon, containers, sound } = parts;
  let attempts = 0;
  return {
    daemon,
    attempt: async (technique) => {
      attempts += 1;
      const name = `attempt-${attempts}`;
      // A second alert of the attempt before must not be taken for this one's.
      if (technique.expected === "detected and killed") await mark(engine, daemon);
      const before = daemon.alerts.length;
      const end = await containers.run(technique, name);
      if (technique.expected === "out of reach") await mark(engine, daemon);
      const place = containers.placeOf(technique, name);
      const alert = await alertOf(daemon, { before, place, expected: technique.expected });
      return judged(technique, { end, alert, unguarded: sound.get(technique.name) });
    },
    startMany: async (count) => {
      const ends = await inLanes(count, () =>
        engine.docker("run", "--rm", "--network=none", images.curl, "-V"),
      );
      const isDenied = ({ code, stdout, stderr }: CommandResult): boolean =>
        code !== 0 && !curlRan.test(stdout) && /operation not permitted/i.test(stderr);
      return { denied: ends.filter(isDenied).length };
    },
  };
}

/** What was seen; `unguarded`: what the attempt came to without a guard, where it did not work. */
function judged(
  technique: Technique,
  seen: {
    readonly end: CommandResult;
    readonly alert: AlertLine | undefined;
    readonly unguarded: string | undefined;
  },
): Attempt {
  const { end, alert, unguarded } = seen;
  const hasRun = hasShown(end, technique.ran ?? curlRan);
  const ran = hasRun ? "ran" : "did not run";
  const what = `${ran}: ${textOf(end)}; unguarded: ${unguarded ?? "worked"}`;
  const sight = {
    hasRun,
    hasSurvived: hasShown(end, survived),
    isAttackSound: unguarded === undefined && hasShown(end, technique.reached ?? /^/),
  };
  if (alert === undefined) {
    return { seen: fateOf({ ...sight, isNamedRight: true }), told: `no alert; ${what}` };
  }
  const { outcomes, user } = alert.execwarden;
  return {
    seen: fateOf({ ...sight, alert: alert.execwarden, isNamedRight: isBy(alert, technique) }),
    tookMs: tookMs(alert),
    told: `${alert.output} ${JSON.stringify({ outcomes, user })}; ${what}`,
  };
}

function hasShown({ stdout, stderr }: CommandResult, text: RegExp): boolean {
  return text.test(`${stdout}\n${stderr}`);
}

function textOf({ code, stdout, stderr }: CommandResult): string {
  return `exit ${code}: ${stdout.slice(0, 200)} ${stderr.slice(0, 300)}`;
}

function isBy({ execwarden: { user } }: AlertLine, { by }: Technique): boolean {
  return by === undefined || (user["name"] === by.user && user["uid"] === by.uid);
}

function tookMs({ heardMs, output_fields: fields }: AlertLine): number {
  return heardMs - Number(fields["evt.time"]) / 1e6;
}

/** An exec that is surely told: what came before it has been told then. */
async function mark(engine: TestEngine, daemon: TestDaemon): Promise<void> {
  const before = daemon.alerts.length;
  await engine.docker("exec", "box", "/usr/bin/curl", "--marker");
  const deadline = performance.now() + waitMs;
  while (!daemon.alerts.slice(before).some(isMarker) && performance.now() < deadline)
    await delay(20);
}

function isMarker({ execwarden }: AlertLine): boolean {
  return execwarden.process.cmdline.endsWith("--marker");
}

interface Wanted {
  /** How many alerts there were before. */
  readonly before: number;
  /** Name of the container; undefined for any. */
  readonly place: string | undefined;
  readonly expected: Fate;
}

/** The first alert since that is as expected, else any; none when only the marker came, or nothing in time. */
async function alertOf(daemon: TestDaemon, wanted: Wanted): Promise<AlertLine | undefined> {
  const { before, place, expected } = wanted;
  const deadline = performance.now() + waitMs;
  for (;;) {
    const since = daemon.alerts.slice(before);
    const there = since
      .filter(({ execwarden }) => place === undefined || execwarden.container?.name === place)
      .filter((alert) => !isMarker(alert));
    const found = there.find(
      ({ execwarden }) => expected !== "denied" || execwarden.verdict === "deny",
    );
    if (found !== undefined) return found;
    // What nobody is to tell of is over with the marker.
    if (since.some(isMarker) || performance.now() > deadline) return there[0];
    await delay(20);
  }
}

async function inLanes<T>(count: number, work: () => Promise<T>): Promise<readonly T[]> {
  const results: T[] = [];
  let started = 0;
  const lane = async (): Promise<void> => {
    while (started < count) {
      started += 1;
      results.push(await work());
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}
