// SPDX-License-Identifier: Apache-2.0
import { setImmediate as turn } from "node:timers/promises";
import t from "tap";
import { DraftReceiver } from "../daemon/draft-channel.ts";

/** Longer than a turn of the receiver may last. */
const slowMs = 6;

function spin(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs) continue;
}

/** A receiver that takes long for each message, and what it has taken: the length of each. */
function setUp() {
  const taken: number[] = [];
  const receiver = new DraftReceiver((drafts) => {
    taken.push(drafts.length);
    spin(slowMs);
  });
  const send = (count: number): void => {
    receiver.senderPort.postMessage(Array.from({ length: count }, (_, index) => index));
  };
  return { receiver, taken, send };
}

t.test("a flood is taken in turns, between which others have theirs", async (t) => {
  const { receiver, taken, send } = setUp();
  for (let count = 1; count <= 5; count++) {
    send(count);
    receiver.announce();
  }
  t.strictSame(taken, [], "not while somebody else works");
  const seen: number[] = [];
  while (taken.length < 5) {
    await turn();
    seen.push(taken.length);
  }
  t.strictSame(taken, [1, 2, 3, 4, 5], "in order");
  t.ok(seen.length >= 5, `no two in one turn: ${seen.join(" ")}`);
  send(6);
  receiver.announce();
  await turn();
  t.equal(taken.at(-1), 6, "what comes later is taken when it is announced");
  receiver.close();
});

t.test("what was sent before the end is taken at the end", (t) => {
  const { receiver, taken, send } = setUp();
  send(1);
  send(2);
  receiver.senderPort.close();
  receiver.close();
  t.strictSame(taken, [1, 2]);
  t.end();
});
