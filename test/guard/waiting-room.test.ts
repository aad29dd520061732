// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { WaitingRoom } from "../../daemon/guard/waiting-room.ts";

interface Item {
  readonly name: string;
  isReady?: boolean;
  untilMs?: number;
  line?: number;
  mayPass?: boolean;
}

/** A waiting room that tells whom it let go, in order. */
function open(
  lengthMax = 10,
  onRelease: (item: Item, room: WaitingRoom<Item>) => void = () => undefined,
) {
  const released: string[] = [];
  const room: WaitingRoom<Item> = new WaitingRoom<Item>({
    isReady: ({ isReady }) => isReady === true,
    release(item) {
      released.push(item.name);
      onRelease(item, room);
    },
    untilMs: ({ untilMs }) => untilMs ?? 100,
    lineOf: ({ line }) => line ?? 0,
    mayPass: ({ mayPass }) => mayPass ?? true,
    lengthMax,
  });
  return { room, released };
}

const rows: readonly [
  name: string,
  items: readonly Item[],
  nowMs: number,
  released: readonly string[],
][] = [
  ["nobody waits", [], 1_000, []],
  ["what is not ready stays", [{ name: "a" }], 99, []],
  ["what is ready goes", [{ name: "a", isReady: true }], 0, ["a"]],
  ["what has no time left goes", [{ name: "a" }], 100, ["a"]],
  [
    "in order of arrival, whatever the reason",
    [{ name: "a", untilMs: 5 }, { name: "b" }, { name: "c", isReady: true }],
    50,
    ["a", "c"],
  ],
  [
    "those of one line in order",
    [
      { name: "a", line: 1, mayPass: false },
      { name: "b", line: 1, mayPass: false, isReady: true },
      { name: "c", line: 2, mayPass: false, isReady: true },
      { name: "d", line: 1, mayPass: true, isReady: true },
      { name: "e", line: 1, mayPass: false, untilMs: 5 },
    ],
    50,
    ["c", "d", "e"],
  ],
];

for (const [name, items, nowMs, expected] of rows) {
  t.test(`a sweep: ${name}`, (t) => {
    const { room, released } = open();
    for (const item of items) room.add(item);
    room.sweep(nowMs);
    t.strictSame(released, expected);
    t.equal(room.length, items.length - expected.length);
    t.end();
  });
}

t.test("each goes once", (t) => {
  const { room, released } = open();
  room.add({ name: "a" });
  for (const nowMs of [50, 100, 150]) room.sweep(nowMs);
  t.strictSame(released, ["a"]);
  t.end();
});

t.test("whom there is no room for goes at once", (t) => {
  const { room, released } = open(2);
  for (const name of ["a", "b", "c"]) room.add({ name });
  t.strictSame(released, ["c"]);
  t.equal(room.length, 2);
  t.end();
});

t.test("an item whose readiness lengthens its time stays", (t) => {
  const item = { name: "a", untilMs: 10 };
  const released: Item[] = [];
  const room = new WaitingRoom<Item>({
    isReady(asked) {
      asked.untilMs = 1_000;
      return false;
    },
    release: (gone) => released.push(gone),
    untilMs: ({ untilMs }) => untilMs ?? 0,
    lengthMax: 1,
  });
  room.add(item);
  room.sweep(10);
  t.strictSame(released, []);
  room.sweep(1_000);
  t.strictSame(released, [item]);
  t.end();
});

t.test("who comes while others go waits behind those who stayed", (t) => {
  const { room, released } = open(10, ({ name }) => {
    if (name === "a") room.add({ name: "new" });
  });
  room.add({ name: "a", isReady: true });
  room.add({ name: "b" });
  room.sweep(0);
  t.strictSame(released, ["a"]);
  room.sweep(100);
  t.strictSame(released, ["a", "b", "new"]);
  t.end();
});

t.test("it tells of which lines somebody waits", (t) => {
  const { room } = open();
  const item: Item = { name: "a", line: 7 };
  room.add(item);
  t.strictSame([room.has(7), room.has(0)], [true, false]);
  item.isReady = true;
  room.sweep(0);
  t.equal(room.has(7), false);
  t.end();
});

t.test("it tells whether such an item waits", (t) => {
  const { room } = open();
  room.add({ name: "a" });
  t.strictSame([room.some(({ name }) => name === "a"), room.some(() => false)], [true, false]);
  room.sweep(100);
  t.equal(
    room.some(() => true),
    false,
  );
  t.end();
});
