// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { DraftSender } from "../../daemon/guard/draft-sender.ts";
import type { AlertDraft } from "../../daemon/model/guard-messages.ts";
import { sampleAlert } from "../outputs/fixtures/alert.ts";

const outstandingMax = 65_536;

/** A draft that is told by its pid. */
function draft(pid: number): AlertDraft {
  return { alert: sampleAlert(), planned: [], pid, startTicks: 1n };
}

function setUp() {
  const batches: (readonly number[])[] = [];
  const sender = new DraftSender((drafts) => batches.push(drafts.flatMap(({ pid = [] }) => pid)));
  return { sender, batches };
}

t.test("what gathered goes as one batch, in order", (t) => {
  const { sender, batches } = setUp();
  sender.add([draft(1), draft(2)]);
  sender.add([draft(3)]);
  t.strictSame(batches, [], "not before it is asked for");
  t.ok(sender.flush());
  t.strictSame(batches, [[1, 2, 3]]);
  t.notOk(sender.flush());
  sender.add([]);
  t.notOk(sender.flush());
  t.strictSame(batches, [[1, 2, 3]], "nothing is sent twice, and no empty batch");
  sender.add([draft(4)]);
  sender.flush();
  t.strictSame(batches, [[1, 2, 3], [4]]);
  t.end();
});

t.test("no message takes its receiver long", (t) => {
  const { sender, batches } = setUp();
  const pids = Array.from({ length: 70 }, (_, pid) => pid);
  sender.add(pids.map(draft));
  sender.flush();
  t.strictSame(
    batches.map(({ length }) => length),
    [32, 32, 6],
  );
  t.strictSame(batches.flat(), pids, "in order");
  t.end();
});

t.test("what the receiver has no room for is lost and counted, until it has taken some", (t) => {
  const { sender, batches } = setUp();
  const one = draft(1);
  sender.add(Array.from({ length: outstandingMax }, () => one));
  t.equal(sender.lost, 0);
  sender.add([one, one]);
  t.equal(sender.lost, 2);
  sender.flush();
  sender.add([one]);
  t.equal(sender.lost, 3, "sent is not taken");
  sender.taken(2);
  sender.add([draft(2), draft(3), draft(4)]);
  sender.flush();
  t.equal(sender.lost, 4);
  t.equal(batches.flat().length, outstandingMax + 2);
  t.strictSame(batches.at(-1), [2, 3]);
  t.end();
});
