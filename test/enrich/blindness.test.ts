// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { Blindness } from "../../daemon/enrich/blindness.ts";

const second = 1_000_000_000n;

/** Cut at 10 s, connected again at 20 s. */
function reconnected(): Blindness {
  const blindness = new Blindness();
  t.equal(blindness.connected(1n), false, "the first connection has missed nothing");
  blindness.cut(10n * second);
  blindness.cut(12n * second);
  t.equal(blindness.connected(20n * second), true);
  return blindness;
}

const cases: readonly [what: string, act: (b: Blindness) => unknown, period: unknown][] = [
  [
    "a known event first: the engine remembers all",
    (b) => b.heard({ isKnown: true, timeNs: 9n * second }),
    undefined,
  ],
  [
    "an unknown event of the time between first: what came before it is forgotten",
    (b) => b.heard({ isKnown: false, timeNs: 15n * second }),
    { fromNs: 9n * second, toNs: 15n * second },
  ],
  [
    "an unknown one of later first: nothing of the time between is remembered",
    (b) => b.heard({ isKnown: false, timeNs: 25n * second }),
    { fromNs: 9n * second, toNs: 20n * second },
  ],
  ["nothing comes", (b) => b.silent(), { fromNs: 9n * second, toNs: 20n * second }],
];
for (const [what, act, period] of cases) {
  t.test(what, (t) => {
    const blindness = reconnected();
    t.strictSame(act(blindness), period);
    t.equal(blindness.heard({ isKnown: false, timeNs: 30n * second }), undefined, "said once");
    t.equal(blindness.silent(), undefined);
    t.end();
  });
}
