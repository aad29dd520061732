// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { createRequestLane } from "../../daemon/enrich/request-lane.ts";

t.test("a few run, some wait, the rest is refused and counted", async (t) => {
  const lane = createRequestLane({ runningMax: 2, waitingMax: 1 });
  const order: number[] = [];
  const ends: (() => void)[] = [];
  const task = (number: number) => (): Promise<void> => {
    order.push(number);
    return new Promise((resolve) => ends.push(resolve));
  };
  t.strictSame(
    [1, 2, 3, 4].map((number) => lane.run(task(number))),
    [true, true, true, false],
  );
  t.strictSame(order, [1, 2]);
  t.equal(lane.droppedCount, 1);
  ends[0]?.();
  await new Promise(setImmediate);
  t.strictSame(order, [1, 2, 3], "an end makes room");
});

t.test("what waits can be forgotten", async (t) => {
  const lane = createRequestLane({ runningMax: 1, waitingMax: 1 });
  let end = (): void => undefined;
  let isRun = false;
  lane.run(() => new Promise((resolve) => (end = resolve)));
  lane.run(() => {
    isRun = true;
    return Promise.resolve();
  });
  lane.clear();
  end();
  await new Promise(setImmediate);
  t.equal(isRun, false);
});
