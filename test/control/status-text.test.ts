// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { statusText } from "../../daemon/control/status-text.ts";
import { noSkips } from "../../daemon/image-listing.ts";
import type { Status } from "../../daemon/model/status.ts";
import { sampleStatus } from "./fixtures/status.ts";

t.test("status reads as labelled lines, and container names cannot act on the terminal", (t) => {
  t.equal(
    statusText(sampleStatus(), 1000),
    `execwarden  0.1.0, pid 42, up 0 s
mode        monitor: nothing is enforced, alerts say what would have been done
generation  1, in force for 0 s
engine      connected to unix:///var/run/docker.sock
containers  3: execs observed in 1, held in 1, 1 before their first exec, which is held
gate        guards 2 file systems in 2 mount namespaces, holds execs on 1; after 250 ms: allow
execs       seen 10, allowed 8, denied 2, waiting 1
losses      deadlines missed 3
blind       1970-01-01T00:00:00.000Z to 1970-01-01T00:00:00.900Z, to execs: the daemon ended suddenly
BLIND       since 1970-01-01T00:00:01.000Z, to the engine's events: the engine is away
floods      2 since the start; 70 alerts that repeated others were counted and not sent; NOW in db (execs 90, repeats 60)
witness     off: what the gate cannot see is not seen
rules       2 enabled of 3
policies    1
alerts      4
actions     done 1, failed 0, suppressed 0
plugin      not set up: requests at the engine's API are not judged; see: execwarden plugin enable --help
output      stdout: written 4, dropped 0, failed 0, queued 0
socket      followers 2, alerts lost 5, connections refused 0
observe     0:61  web
enforce     0:62  db, evil\\x1b[2J
`,
  );
  t.end();
});

const durations = [
  { ms: 59_999, text: "59 s" },
  { ms: 3_600_000, text: "1 h 0 min" },
  { ms: 90_000_000, text: "1 d 1 h" },
  { ms: -5, text: "0 s" },
];
for (const { ms, text } of durations) {
  t.test(`a daemon is up ${text}`, (t) => {
    t.match(statusText(sampleStatus(), 1000 + ms), `up ${text}\n`);
    t.end();
  });
}

t.test("nothing that went unseen is said, and of many times the last ones", (t) => {
  const status = sampleStatus();
  t.match(
    statusText({ ...status, blind: [] }, 0),
    "\nblind       never since the daemon started\n",
  );
  const time = { what: "execs", fromMs: 0, toMs: 1, reason: "r" } as const;
  const text = statusText({ ...status, blind: Array.from({ length: 16 }, () => time) }, 0);
  t.equal(text.match(/^blind /gm)?.length, 3);
  t.match(text, "            … 13 earlier times: see --json\n");
  t.end();
});

t.test("all of it fits on one screen, however much is guarded", (t) => {
  const status = sampleStatus();
  const [superblock] = status.gate.superblocks;
  const superblocks = Array.from({ length: 500 }, () => superblock!);
  const text = statusText({ ...status, gate: { ...status.gate, superblocks } }, 0);
  t.ok(text.split("\n").length < 32, `${text.split("\n").length} lines`);
  t.match(text, "… 492 more file systems: see execwarden containers\n");
  t.end();
});

t.test("what is wrong is loud", (t) => {
  const status = sampleStatus();
  const down: Status = {
    ...status,
    gate: { ...status.gate, isRunning: false },
    engine: {
      ...{ ...status.engine, isConnected: false, reconnects: 7, eventsLost: 2 },
      blind: { fromMs: 0, toMs: 1_500 },
    },
  };
  t.match(statusText(down, 0), "NOT RUNNING: no exec is seen");
  t.match(statusText(down, 0), "NOT CONNECTED to unix:///var/run/docker.sock, 7 reconnects");
  t.match(
    statusText(down, 0),
    "2 EVENTS LOST, blind from 1970-01-01T00:00:00.000Z to 1970-01-01T00:00:01.500Z",
  );
  t.end();
});

t.test("lists of images, and what each of them lacks", (t) => {
  const images = {
    ...{ listed: 3, files: 900, incomplete: 0, waiting: 0, hashed: 5, unknown: 1 },
    ...{ fromContainers: 0, failed: 0, refused: 0, forgotten: 0, dropped: 0 },
    skipped: noSkips,
  };
  const lineOf = (changes: object): string | undefined =>
    /^images +(.*)$/m.exec(
      statusText({ ...sampleStatus(), images: { ...images, ...changes } }, 0),
    )?.[1];
  t.equal(lineOf({}), "900 executables of 3 listed; 5 files hashed, 1 not in time");
  t.equal(
    lineOf({
      ...{ incomplete: 2, skipped: { ...noSkips, tooLarge: 4, beyondBytes: 1 } },
      ...{ fromContainers: 1, refused: 7 },
    }),
    "900 executables of 3 listed, 2 not completely (too large 4, beyond bytes 1); from containers 1, refused 7; 5 files hashed, 1 not in time",
  );
  t.end();
});

t.test("what was started before this daemon", (t) => {
  const none = {
    ...{ found: 0, forks: 0, unreadable: 0, beyond: 0 },
    ...{ judged: 0, seen: 0, unowned: 0, waiting: 0 },
  };
  const lineOf = (changes: object): string | undefined =>
    /^unguarded +(.*)$/m.exec(
      statusText({ ...sampleStatus(), unguarded: { ...none, ...changes } }, 0),
    )?.[1];
  t.equal(lineOf({}), "programs started before this daemon: none still ran");
  t.equal(
    lineOf({ found: 3, judged: 2, unowned: 1, beyond: 9 }),
    "programs started before this daemon: 3 still ran; beyond 9, judged 2, unowned 1",
  );
  t.end();
});
