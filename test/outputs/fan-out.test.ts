// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import type { Output } from "../../daemon/model/ports.ts";
import { createFanOut } from "../../daemon/outputs/fan-out.ts";
import { comparePlans, type OutputPlan } from "../../daemon/outputs/output-plan.ts";
import { createRecentOutput } from "../../daemon/outputs/recent-output.ts";
import { sampleAlert } from "./fixtures/alert.ts";

/** An output that writes down what it gets, and closes when the test says so. */
class ManualOutput implements Output {
  readonly name: string;
  readonly got: string[] = [];
  reopened = 0;
  isClosing = false;
  finishClose: () => void = () => undefined;

  constructor(name: string) {
    this.name = name;
  }
  write({ uuid }: { readonly uuid: string }): void {
    if (this.isClosing) throw new Error(`${this.name} is closing`);
    this.got.push(uuid);
  }
  reopen(): void {
    this.reopened += 1;
  }
  close(): Promise<void> {
    this.isClosing = true;
    return new Promise((resolve) => {
      this.finishClose = resolve;
    });
  }
  counters() {
    return { written: this.got.length, dropped: 0, failed: 0, queued: 0 };
  }
}

function setUp() {
  const built: ManualOutput[] = [];
  const plan = (name: string, settings: unknown = {}): OutputPlan => ({
    name,
    settings,
    create() {
      const output = new ManualOutput(name);
      built.push(output);
      return output;
    },
  });
  return { built, plan };
}

const { plan: any } = setUp();
const comparisons = [
  {
    name: "equal settings are kept, whatever object they are",
    old: [any("a", { url: "x", n: [1] }), any("b")],
    next: [any("b"), any("a", { url: "x", n: [1] })],
    changes: { kept: ["b", "a"], changed: [], added: [], removed: [] },
  },
  {
    name: "other settings under the same name are a change",
    old: [any("a", { url: "x" })],
    next: [any("a", { url: "y" })],
    changes: { kept: [], changed: ["a"], added: [], removed: [] },
  },
  {
    name: "a setting that is gone is a change",
    old: [any("a", { url: "x", caFile: "y" })],
    next: [any("a", { url: "x" })],
    changes: { kept: [], changed: ["a"], added: [], removed: [] },
  },
  {
    name: "names come and go",
    old: [any("a"), any("b")],
    next: [any("b"), any("c")],
    changes: { kept: ["b"], changed: [], added: ["c"], removed: ["a"] },
  },
];
for (const { name, old, next, changes } of comparisons) {
  t.test(`plans: ${name}`, (t) => {
    t.strictSame(comparePlans(old, next), changes);
    t.end();
  });
}

t.test("each alert goes to each output once, and is counted by name", async (t) => {
  const recent = createRecentOutput(3);
  const { built, plan } = setUp();
  const outputs = createFanOut([plan("a"), plan("b")], [recent]);
  outputs.write(sampleAlert({ uuid: "x" }));
  outputs.reopen();
  t.strictSame(outputs.names, ["a", "b", "recent"]);
  t.strictSame(
    built.map(({ got }) => got),
    [["x"], ["x"]],
  );
  t.strictSame(
    built.map(({ reopened }) => reopened),
    [1, 1],
  );
  t.equal(outputs.counters()["a"]?.written, 1);
  const closed = outputs.close(10);
  for (const output of built) output.finishClose();
  await closed;
  t.throws(() => createFanOut([plan("recent")], [recent]), /different names/);
});

t.test("a swap keeps what stays, closes what goes, and loses nothing meanwhile", async (t) => {
  const { built, plan } = setUp();
  const outputs = createFanOut([plan("kept"), plan("changed", 1), plan("removed")]);
  const [kept, changed, removed] = built;
  outputs.write(sampleAlert({ uuid: "1" }));
  const { changes, drained } = outputs.replace(
    [plan("changed", 2), plan("kept"), plan("added")],
    1000,
  );
  t.strictSame(changes, {
    ...{ kept: ["kept"], changed: ["changed"], added: ["added"], removed: ["removed"] },
  });
  outputs.write(sampleAlert({ uuid: "2" }));
  t.equal(built.length, 4, "the successor waits until the one before has let go");
  t.equal(outputs.counters()["changed"]?.queued, 1, "what is held is counted");
  removed?.finishClose();
  changed?.finishClose();
  await drained;
  outputs.write(sampleAlert({ uuid: "3" }));
  t.strictSame(outputs.names, ["changed", "kept", "added"]);
  t.strictSame(kept?.got, ["1", "2", "3"]);
  t.strictSame(changed?.got, ["1"]);
  t.strictSame(removed?.got, ["1"]);
  const [added, successor] = built.slice(3);
  t.strictSame(successor?.got, ["2", "3"]);
  t.strictSame(added?.got, ["2", "3"]);
  t.match(outputs.counters()["changed"], { written: 3, dropped: 0, queued: 0 });
});

t.test("two swaps in a row, and the end of the daemon, each wait for the one before", async (t) => {
  const { built, plan } = setUp();
  const outputs = createFanOut([plan("a", 1)]);
  outputs.write(sampleAlert({ uuid: "1" }));
  outputs.replace([plan("a", 2)], 1000);
  outputs.write(sampleAlert({ uuid: "2" }));
  outputs.replace([plan("a", 3)], 1000);
  outputs.write(sampleAlert({ uuid: "3" }));
  const closed = outputs.close(1000);
  for (let i = 0; i < 3; i++) {
    while (built[i]?.isClosing !== true) await new Promise((resolve) => setImmediate(resolve));
    built[i]?.finishClose();
  }
  await closed;
  t.strictSame(
    built.map(({ got }) => got),
    [["1"], ["2"], ["3"]],
  );
  t.match(outputs.counters()["a"], { written: 3, dropped: 0, queued: 0 });
});
