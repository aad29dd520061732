// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { statusText } from "../../daemon/control/status-text.ts";
import type { Status } from "../../daemon/model/status.ts";
import { sampleStatus } from "./fixtures/status.ts";

t.test("status reads as labelled lines, and container names cannot act on the terminal", (t) => {
  t.equal(
    statusText(sampleStatus(), 1000),
    `execwarden  0.1.0, pid 42, up 0 s
mode        monitor: nothing is enforced, alerts say what would have been done
generation  1, in force for 0 s
engine      connected to unix:///var/run/docker.sock
containers  2
gate        guards 2 file systems, holds execs on 1; after 250 ms: allow
execs       seen 10, allowed 8, denied 2, waiting 1
losses      deadlines missed 3
witness     off: what the gate cannot see is not seen
rules       2 enabled of 3
policies    1
alerts      4
actions     done 1, failed 0, suppressed 0
output      stdout: written 4, dropped 0, failed 0, queued 0
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
