// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { readDetails, type ContainerAnswer } from "../../daemon/enrich/container-facts.ts";
import { ContainerRecord } from "../../daemon/enrich/container-record.ts";
import { createContainerStore } from "../../daemon/enrich/container-store.ts";

const idOf = (number: number): string => String(number).padStart(64, "0");

function answer(number: number, status: string): ContainerAnswer {
  const read = readDetails({ Id: idOf(number), State: { Status: status, Pid: 7 } });
  if (read === undefined) throw new Error("no answer");
  return read;
}

const record = (number: number, status: string) => new ContainerRecord(answer(number, status));

t.test("what is gone is known for its time, and not longer", (t) => {
  const store = createContainerStore({ goneKeepMs: 100, stoppedMax: 10 });
  store.add(record(1, "exited"));
  store.add(record(2, "running"));
  store.markGone(idOf(1), 1_000);
  store.markGone(idOf(1), 1_050);
  t.equal(store.nextSweepMs(), 1_100, "the first word counts");
  t.strictSame(store.sweep(1_099), []);
  t.ok(store.get(idOf(1)));
  t.strictSame(store.sweep(1_100), [idOf(1)]);
  t.equal(store.get(idOf(1)), undefined);
  t.equal(store.nextSweepMs(), undefined);
  t.equal(store.size, 1, "what runs stays");
  t.equal(store.evictedCount, 0, "nothing went before its time");
  t.end();
});

t.test("over the bound the gone go first, then the stopped, and never what runs", (t) => {
  const store = createContainerStore({ goneKeepMs: 1_000, stoppedMax: 2 });
  store.add(record(1, "running"));
  store.add(record(2, "exited"));
  store.add(record(3, "exited"));
  store.add(record(4, "exited"));
  store.add(record(5, "paused"));
  store.markGone(idOf(4), 0);
  t.strictSame(store.sweep(1), [idOf(4)]);
  store.add(record(6, "created"));
  t.strictSame(store.sweep(2), [idOf(2)], "the oldest of the others");
  t.strictSame(
    store.list().map(({ id }) => id),
    [1, 3, 5, 6].map(idOf),
  );
  t.equal(store.evictedCount, 2);
  t.end();
});

t.test("an answer from before an event does not undo it", (t) => {
  const one = record(1, "created");
  const asked = one.turns;
  t.equal(one.turn({ state: "dead", pid: undefined }), true);
  t.equal(one.takeDetails(answer(1, "running"), asked), true, "the facts count");
  t.match(one.container, { isComplete: true, state: "dead", pid: undefined });
  one.takeDetails(answer(1, "running"), one.turns);
  t.match(one.container, { state: "running", pid: 7 });
  t.equal(one.takeDetails(answer(1, "running"), one.turns), false, "nothing new is told as that");
  t.end();
});
