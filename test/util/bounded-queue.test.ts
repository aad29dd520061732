// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { BoundedQueue } from "../../daemon/util/bounded-queue.ts";

t.test("first in, first out", (t) => {
  const queue = new BoundedQueue<string>(3);
  for (const item of ["a", "b"]) t.equal(queue.push(item), true);
  t.equal(queue.shift(), "a");
  queue.push("c");
  t.strictSame([queue.shift(), queue.shift(), queue.shift()], ["b", "c", undefined]);
  t.equal(queue.length, 0);
  t.end();
});

t.test("what does not fit is refused and counted, and there is room again later", (t) => {
  const queue = new BoundedQueue<number>(2);
  t.strictSame(
    [1, 2, 3, 4].map((item) => queue.push(item)),
    [true, true, false, false],
  );
  t.equal(queue.droppedCount, 2);
  t.equal(queue.length, 2);
  t.equal(queue.shift(), 1, "the oldest stays, the newest is refused");
  t.equal(queue.push(5), true);
  t.strictSame([queue.shift(), queue.shift()], [2, 5]);
  t.equal(queue.droppedCount, 2);
  t.equal(queue.lengthMax, 2);
  t.end();
});

t.test("nothing taken from an empty queue makes no room beyond its bound", (t) => {
  const queue = new BoundedQueue<number>(1);
  t.equal(queue.shift(), undefined);
  t.equal(queue.length, 0);
  t.strictSame([queue.push(1), queue.push(2)], [true, false]);
  t.end();
});

t.test("a long life keeps order and length", (t) => {
  const queue = new BoundedQueue<number>(3_000);
  let next = 0;
  let expected = 0;
  for (let round = 0; round < 50; round++) {
    while (queue.push(next)) next += 1;
    t.equal(queue.length, 3_000);
    for (let i = 0; i < 1_700; i++) {
      if (queue.shift() !== expected) t.fail(`out of order at ${expected}`);
      expected += 1;
    }
    t.equal(queue.length, 1_300);
  }
  t.equal(queue.droppedCount, 50);
  t.end();
});
