// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { ExecSessions } from "../daemon/enrich/exec-origin.ts";
import { Places } from "../daemon/enrich/places.ts";
import { ProcessTree } from "../daemon/enrich/process-tree.ts";
import type { Container } from "../daemon/model/container.ts";
import type { ExecEvent } from "../daemon/model/event.ts";
import type { FileContent } from "../daemon/model/program.ts";
import type { UnguardedProgram } from "../daemon/model/unguarded.ts";
import { UnguardedExecs } from "../daemon/unguarded-execs.ts";
import { container, execEvent, hex64, host } from "./policy/samples.ts";
import { sampleProcess } from "./rules/sample-event.ts";

const box = container({ id: hex64("c"), name: "box", pid: 70, isComplete: true });
const noUsers = { users: new Map(), groups: new Map() };

function program(pid: number, changes: Partial<UnguardedProgram> = {}): UnguardedProgram {
  const process = sampleProcess({ pid, ppid: 60, argv: ["sleep", "9"], exepath: "/bin/sleep" });
  return { process, cgroupIds: [box.id], file: execEvent().file, ...changes };
}

function setUp(content?: FileContent) {
  const told: ExecEvent[] = [];
  const places = new Places();
  const parent = sampleProcess({ pid: 60, comm: "sh" });
  let nowMs = 0;
  let isListed = true;
  let isAwaited = true;
  const execs = new UnguardedExecs({
    ...{ places, host, sessions: new ExecSessions() },
    tree: new ProcessTree((pid) => (pid === 60 ? parent : undefined)),
    contents: { hasList: () => isListed, found: () => content },
    monotonicMs: () => nowMs,
    isEngineAwaited: () => isAwaited,
    users: () => noUsers,
    allowlistsOf: () => new Set(["a"]),
    onFinding: (event) => told.push(event),
  });
  const at = (ms: number): void => {
    nowMs = ms;
    execs.sweep();
  };
  const knows = (known: Container): void => {
    places.setContainer(known);
  };
  const lists = (isThere: boolean): void => {
    isListed = isThere;
  };
  const answered = (): void => {
    isAwaited = false;
  };
  return { execs, told, at, knows, lists, answered };
}

t.test("what was found is an event of its own, which nobody can refuse", (t) => {
  const { execs, told, at, knows } = setUp();
  knows(box);
  execs.take([program(71)]);
  at(499);
  t.equal(told.length, 0, "what the gate has read may be on its way");
  at(500);
  t.match(told, [
    {
      kind: "exec",
      timeNs: program(71).process.startNs,
      isHeld: false,
      second: { finding: "unguarded", by: "proc", isGateSeen: false, errno: 0 },
      container: { name: "box" },
      process: { pid: 71, parent: { pid: 60 }, origin: { kind: "child" } },
    },
  ]);
  t.equal(told[0]?.loaded, undefined);
  t.equal(execs.isWaiting, false);
  t.strictSame(execs.counters(), { judged: 1, seen: 0, unowned: 0, waiting: 0 });
  t.end();
});

t.test("what the gate has judged since is not judged twice", (t) => {
  const { execs, told, at, knows } = setUp();
  knows(box);
  execs.saw(execEvent({ process: program(71).process }));
  execs.saw(execEvent({ process: { ...program(72).process, startTicks: 9_999n } }));
  execs.take([program(71), program(72)]);
  at(500);
  t.strictSame(
    told.map(({ process }) => process.pid),
    [72],
    "the same pid is not enough",
  );
  t.match(execs.counters(), { judged: 1, seen: 1 });
  t.end();
});

t.test("a container is waited for, and then given up", (t) => {
  const { execs, told, at, knows } = setUp();
  execs.take([program(71), program(72, { cgroupIds: [hex64("d")] })]);
  at(59_000);
  t.equal(execs.isWaiting, true);
  knows({ ...box, isComplete: false });
  at(59_100);
  t.equal(told.length, 0);
  knows(box);
  at(59_200);
  t.equal(told.length, 1);
  at(60_000);
  t.match(execs.counters(), { judged: 1, unowned: 1, waiting: 0 });
  t.end();
});

t.test("a container of another engine is not waited for once ours has answered", (t) => {
  const { execs, at, answered } = setUp();
  execs.take([program(71)]);
  at(10_000);
  t.equal(execs.isWaiting, true);
  answered();
  at(10_001);
  t.match(execs.counters(), { judged: 0, unowned: 1, waiting: 0 });
  t.end();
});

t.test("the list of the image is waited for, not for ever", (t) => {
  const { execs, told, at, knows, lists } = setUp();
  knows(box);
  lists(false);
  execs.take([program(71)]);
  at(4_999);
  t.equal(told.length, 0);
  at(5_000);
  t.equal(told.length, 1);
  t.end();
});

t.test("in turns, so that no exec waits behind all of them", (t) => {
  const { execs, told, at, knows } = setUp();
  knows(box);
  execs.take(Array.from({ length: 40 }, (_, index) => program(100 + index)));
  const counts = [500, 501, 502].map((ms) => {
    at(ms);
    return told.length;
  });
  t.strictSame(counts, [16, 32, 40]);
  t.end();
});

t.test("a loader, by its name or as the image has it, names what it runs", (t) => {
  const process = sampleProcess({ pid: 71, argv: ["/tmp/x", "/usr/bin/curl"], exepath: "/tmp/x" });
  const imagePaths = ["/lib/ld-linux-x86-64.so.2"];
  const content = { imagePaths, arePathsKnown: true, isUnchanged: false };
  const { execs, told, at, knows } = setUp(content);
  knows(box);
  execs.take([program(71, { process })]);
  at(500);
  t.match(told, [{ content, loaded: { by: "arguments", path: "/usr/bin/curl" } }]);
  t.end();
});
