// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { settleRefusal } from "../../daemon/host/docker-control.ts";
import { toRuntimeFailure } from "../../daemon/host/docker-failure.ts";

const answered = (statusCode: number, message: string) =>
  Object.assign(new Error("(HTTP code)"), { statusCode, json: { message } });
const failed = (code: string) => Object.assign(new Error(`connect ${code}`), { code });

const failures = [
  { name: "404 is gone", cause: answered(404, "No such container: x"), kind: "gone" },
  { name: "409 is refused", cause: answered(409, "is not running"), kind: "refused" },
  { name: "500 is refused", cause: answered(500, "no space left"), kind: "refused" },
  { name: "no socket", cause: failed("ENOENT"), kind: "unreachable" },
  { name: "nobody listens", cause: failed("ECONNREFUSED"), kind: "unreachable" },
  { name: "not allowed to connect", cause: failed("EACCES"), kind: "unreachable" },
  { name: "cut off", cause: failed("ECONNRESET"), kind: "unreachable" },
  { name: "something else", cause: new Error("odd"), kind: "refused" },
  { name: "not even an error", cause: undefined, kind: "refused" },
];
for (const { name, cause, kind } of failures) {
  t.test(name, (t) => {
    const failure = toRuntimeFailure("pause container x", cause);
    t.equal(failure.kind, kind);
    t.match(failure.message, /^cannot pause container x: ./);
    t.end();
  });
}

t.test("what the engine said is in the message", (t) => {
  const { message } = toRuntimeFailure("stop container x", answered(500, "no space left"));
  t.equal(message, "cannot stop container x: no space left");
  t.end();
});

t.test("what helps is in the message", (t) => {
  t.match(toRuntimeFailure("x", failed("EACCES")).message, /run as root/);
  t.match(toRuntimeFailure("x", failed("ENOENT")).message, /is the Docker engine running there\?/);
  t.end();
});

const refusal = { kind: "refused", message: "cannot …" } as const;
const running = { isRunning: true, isPaused: false };
const paused = { isRunning: true, isPaused: true };
const dead = { isRunning: false, isPaused: false };
const settlements = [
  { name: "pause of a paused one is done", operation: "pause", state: paused, outcome: "ok" },
  {
    name: "pause of a running one stays refused",
    operation: "pause",
    state: running,
    outcome: "refused",
  },
  { name: "pause of a dead one: gone", operation: "pause", state: dead, outcome: "gone" },
  { name: "unpause of a running one is done", operation: "unpause", state: running, outcome: "ok" },
  {
    name: "unpause of a paused one stays refused",
    operation: "unpause",
    state: paused,
    outcome: "refused",
  },
  {
    name: "restart of a dead one stays refused: it could have been started",
    operation: "restart",
    state: dead,
    outcome: "refused",
  },
  { name: "stop of a dead one: gone", operation: "stop", state: dead, outcome: "gone" },
  { name: "kill of a dead one: gone", operation: "kill", state: dead, outcome: "gone" },
  {
    name: "kill of a running one stays refused",
    operation: "kill",
    state: running,
    outcome: "refused",
  },
] as const;
for (const { name, operation, state, outcome } of settlements) {
  t.test(name, (t) => {
    const settled = settleRefusal(operation, state, refusal);
    t.equal(settled.ok ? "ok" : settled.error.kind, outcome);
    t.end();
  });
}
