// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { EngineFeed } from "../daemon/engine-feed.ts";
import { EngineLane } from "../daemon/engine-lane.ts";
import { Places } from "../daemon/enrich/places.ts";
import type { AskedBy } from "../daemon/model/docker-client.ts";
import type { Event } from "../daemon/model/event.ts";
import type { AlertDraft, ToGuard } from "../daemon/model/guard-messages.ts";
import { container, host, rule } from "./policy/samples.ts";
import { engineFacts } from "./rules/docker-event.ts";
import { createRecordingLog } from "./support/recording-log.ts";

const known = container({ id: "c".repeat(64), name: "web" });

/** A lane whose one rule matches every event, and what comes of it. */
function setUp(onMatch: (event: Event) => void = () => undefined) {
  const places = new Places();
  const events: Event[] = [];
  const drafts: AlertDraft[] = [];
  const time = { ms: 0 };
  const { log, lines } = createRecordingLog();
  const every = {
    ...rule({ name: "R", source: "docker" }),
    isEnabled: true,
    outputText: "o",
    formatOutput: (event: Event) => ({ output: event.container?.name ?? "none", fields: {} }),
  };
  const lane = new EngineLane({
    judge: {
      match(event) {
        events.push(event);
        onMatch(event);
        return [every];
      },
      decide: (_event, matches) => ({
        verdict: "allow",
        matches: matches.map((matched) => ({ rule: matched, policies: [], actions: [] })),
      }),
      denies: () => false,
      allowlistsOf: () => new Set(),
      programListsOf: () => [],
      canDeny: false,
    },
    places,
    host,
    nextNumber: () => events.length + 1,
    onDrafts: (made) => drafts.push(...made),
    monotonicMs: () => time.ms,
    log,
  });
  return { lane, places, events, drafts, time, lines };
}

t.test("an event is judged with the whole of its container", (t) => {
  const { lane, places, events, drafts } = setUp();
  places.setContainer({ ...known, isComplete: false });
  lane.take(engineFacts(), undefined);
  lane.sweep();
  t.equal(events.length, 0, "inspect has not answered");
  t.equal(lane.isWaiting, true);
  places.setContainer({ ...known, isPrivileged: true });
  lane.sweep();
  t.match(events, [{ kind: "engine", number: 1, container: { isPrivileged: true } }]);
  t.match(drafts, [
    {
      alert: {
        ...{ rule: "R", source: "docker", output: "web", verdict: "allow", isHeld: false },
        engineEvent: { action: "exec_create" },
        ancestors: [],
      },
    },
  ]);
  t.notOk("process" in (drafts[0]?.alert ?? {}));
  t.notOk("pid" in (drafts[0] ?? {}));
  t.equal(lane.isWaiting, false);
  t.end();
});

t.test("after its time it is judged with what is known", (t) => {
  const { lane, places, events, time } = setUp();
  places.setContainer({ ...known, isComplete: false });
  lane.take(engineFacts({ action: "create" }), undefined);
  lane.take(engineFacts({ action: "start" }), undefined);
  time.ms = 1_999;
  lane.sweep();
  t.equal(events.length, 0);
  time.ms = 2_000;
  lane.sweep();
  t.match(events, [{ facts: { action: "create" } }, { facts: { action: "start" } }]);
  t.end();
});

t.test("what has nobody to wait for is judged at once", (t) => {
  const { lane, events } = setUp();
  const { containerId: _, ...ofImage } = engineFacts({ type: "image", action: "tag" });
  lane.take(ofImage, undefined);
  lane.take(engineFacts({ action: "destroy" }), { ...known, name: "gone", isComplete: false });
  lane.sweep();
  t.match(events, [{ facts: { type: "image" } }, { container: { name: "gone" } }]);
  t.notOk("container" in (events[0] ?? {}));
  t.end();
});

t.test("a judgement that fails costs one event", (t) => {
  let isBroken = true;
  const { lane, drafts, lines } = setUp(() => {
    if (isBroken) throw new Error("broken");
  });
  const { containerId: _, ...facts } = engineFacts({ type: "image" });
  lane.take(facts, undefined);
  lane.sweep();
  isBroken = false;
  lane.take(facts, undefined);
  lane.sweep();
  t.equal(drafts.length, 1);
  t.match(lane.counters(), { taken: 2, failures: 1 });
  t.equal(lines.length, 1);
  t.end();
});

t.test("the feed leaves out what is older than the daemon, and what there is no room for", (t) => {
  const posted: ToGuard[] = [];
  let taken = 0;
  const feed = new EngineFeed({
    post: (message) => posted.push(message),
    takenCount: () => taken,
    startNs: 100n,
  });
  feed.offer(engineFacts({ timeNs: 99n }));
  t.equal(posted.length, 0);
  for (let i = 0; i < 16_385; i++) feed.offer(engineFacts({ timeNs: 100n }), known);
  t.strictSame(feed.counters(), { sent: 16_384, lost: 1 });
  t.match(posted[0], { kind: "engine-event", container: { name: "web" } });
  taken = 1;
  feed.offer(engineFacts({ timeNs: 101n }));
  t.strictSame(feed.counters(), { sent: 16_385, lost: 1 });
  t.end();
});

t.test("who asked comes with the event, or alone where the event has no room", (t) => {
  const posted: ToGuard[] = [];
  const askedBy: AskedBy = {
    action: "exec.create",
    client: {
      ...{ confidence: "exact", pid: 7, uid: 0, tty: 0, exe: "", cmdline: "", parents: [] },
    },
  };
  let asked: readonly AskedBy[] = [askedBy];
  const feed = new EngineFeed({
    post: (message) => posted.push(message),
    takenCount: () => 0,
    startNs: 0n,
    before: () => asked,
  });
  feed.offer(engineFacts({ timeNs: 1n }));
  asked = [];
  for (let i = 0; i < 16_384; i++) feed.offer(engineFacts({ timeNs: 1n }));
  t.match(posted[0], { kind: "engine-event", asked: [{ action: "exec.create" }] });
  t.notOk(posted[1] !== undefined && "asked" in posted[1]);
  asked = [askedBy];
  feed.offer(engineFacts({ timeNs: 1n }));
  t.match(posted.at(-1), { kind: "asked", asked: [{ action: "exec.create" }] });
  t.end();
});
