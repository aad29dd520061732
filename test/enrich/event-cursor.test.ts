// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import type { EngineFacts } from "../../daemon/model/engine-event.ts";
import { engineFacts } from "../rules/docker-event.ts";
import { createEventCursor } from "../../daemon/enrich/event-cursor.ts";

const id = "c".repeat(64);
const event = (action: string, timeNs: bigint): EngineFacts =>
  engineFacts({ actorId: id, action, timeNs });

t.test("an event is told once, whatever the order", (t) => {
  const cursor = createEventCursor({ startNs: 5n, overlapNs: 10n, rememberedMax: 3 });
  t.equal(cursor.sinceNs(), 5n);
  t.equal(cursor.advance(event("start", 100n)), true);
  t.equal(cursor.advance(event("create", 99n)), true, "an older one that comes later is told");
  t.equal(cursor.advance(event("start", 100n)), false);
  t.equal(cursor.advance(event("die", 100n)), true, "another one of the same time is told");
  t.equal(cursor.sinceNs(), 90n, "the next connection asks from before the latest");
  t.end();
});

t.test("no more is remembered than the bound", (t) => {
  const cursor = createEventCursor({ startNs: 0n, overlapNs: 0n, rememberedMax: 2 });
  for (const timeNs of [1n, 2n, 3n]) cursor.advance(event("start", timeNs));
  t.equal(cursor.advance(event("start", 3n)), false);
  t.equal(cursor.advance(event("start", 1n)), true, "the oldest is forgotten");
  t.end();
});
