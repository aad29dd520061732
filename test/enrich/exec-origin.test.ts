// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { ExecSessions, originOf } from "../../daemon/enrich/exec-origin.ts";
import type { EngineFacts } from "../../daemon/model/engine-event.ts";
import type { ExecOrigin, Process } from "../../daemon/model/process.ts";
import { container } from "../policy/samples.ts";
import { engineFacts } from "../rules/docker-event.ts";
import { sampleProcess } from "../rules/sample-event.ts";

const id = "c".repeat(64);
const execId = "e".repeat(64);
const otherId = "f".repeat(64);
const web = container({ id, pid: 500, healthcheck: ["/bin/sh", "-c", "curl -f localhost"] });

const shim = sampleProcess({ pid: 10, vpid: 10, comm: "containerd-shim" });
const runcArgv = ["runc", "--root", "/r", "exec", "--process", "/tmp/p", "--detach"];
const runc = sampleProcess({
  ...{ pid: 11, vpid: 11, comm: "runc" },
  argv: [...runcArgv, "--pid-file", `/run/moby/${id}/${execId}.pid`, id],
});
const forged = sampleProcess({ ...runc, argv: [...runc.argv.slice(0, -1), "d".repeat(64)] });
const init = sampleProcess({ pid: 500, vpid: 1, comm: "tini", parent: shim });
const oldShell = sampleProcess({ pid: 600, vpid: 7, comm: "sh", parent: shim });
const entrypoint: ExecOrigin = { kind: "entrypoint", isExact: true };
const exec: ExecOrigin = { kind: "exec", execId, isExact: true };
const check = ["/bin/sh", "-c", "curl -f localhost"];

const rows: readonly [what: string, process: Partial<Process>, origin: ExecOrigin][] = [
  ["the init of the container", { vpid: 1, parent: shim }, entrypoint],
  ["the init in the host's pid namespace", { pid: 500, vpid: 500, parent: shim }, entrypoint],
  ["the first of an exec, below runc", { parent: runc, argv: ["id"] }, exec],
  [
    "the first of an exec whose runc is gone: by its command line",
    { parent: shim, argv: ["sh", "-c", "id"] },
    { kind: "exec", execId: otherId, isExact: false },
  ],
  [
    "runc of another container names nothing",
    { parent: forged, argv: ["id"] },
    { kind: "exec", isExact: false, line: "700:41" },
  ],
  [
    "nobody knows its exec",
    { parent: shim, argv: ["x"] },
    { kind: "exec", isExact: false, line: "700:41" },
  ],
  [
    "a health check, by its command",
    { parent: runc, argv: check },
    { kind: "healthcheck", execId, isExact: false },
  ],
  [
    "a child of the init",
    { parent: { ...init, origin: entrypoint } },
    { kind: "child", root: "entrypoint", isExact: true },
  ],
  [
    "a child of an exec's child",
    {
      parent: sampleProcess({
        origin: { kind: "child", root: "exec", execId, isExact: true },
      }),
    },
    { kind: "child", root: "exec", execId, isExact: true },
  ],
  [
    "a child of an init from before the daemon",
    { parent: init },
    { kind: "child", root: "entrypoint", isExact: false },
  ],
  [
    "a grandchild of an exec from before the daemon",
    { parent: sampleProcess({ pid: 601, vpid: 8, parent: oldShell }) },
    { kind: "child", root: "exec", isExact: false },
  ],
  [
    "a child of a fork that did no exec of its own",
    { parent: sampleProcess({ pid: 601, vpid: 8, parent: { ...oldShell, origin: exec } }) },
    { kind: "child", root: "exec", execId, isExact: true },
  ],
];
for (const [what, changes, origin] of rows) {
  t.test(what, (t) => {
    const sessions = new ExecSessions();
    const facts = engineFacts({ action: "exec_start", execId: otherId, containerId: id });
    sessions.take({ ...facts, execCommand: "sh -c id" });
    const process = sampleProcess({ pid: 700, vpid: 9, startTicks: 41n, ...changes });
    t.strictSame(originOf({ process, before: undefined, container: web, sessions }), origin);
    t.end();
  });
}

t.test("a process that does another exec stays what it was", (t) => {
  const process = sampleProcess({ pid: 700, vpid: 9, parent: shim });
  const sessions = new ExecSessions();
  t.equal(originOf({ process, before: exec, container: web, sessions }), exec);
  t.end();
});

t.test("sessions are claimed once, oldest first, and end", (t) => {
  const sessions = new ExecSessions();
  const take = (action: string, name: string, command = "id"): void => {
    sessions.take(engineFacts({ action, execId: name, containerId: id, execCommand: command }));
  };
  take("exec_create", "0");
  for (const name of ["1", "2", "3", "4"]) take("exec_start", name);
  sessions.seen("2");
  take("exec_die", "3");
  t.equal(sessions.claim("d".repeat(64), ["id"]), undefined, "another container's");
  t.equal(sessions.claim(id, ["id", "-u"]), undefined, "another command's");
  t.strictSame(
    [1, 2, 3].map(() => sessions.claim(id, ["id"])),
    ["1", "4", undefined],
  );
  for (let i = 0; i <= 4_096; i++) take("exec_start", `x${String(i)}`, `c${String(i)}`);
  t.equal(sessions.claim(id, ["c0"]), undefined, "the oldest gave way");
  t.equal(sessions.claim(id, ["c1"]), "x1");
  t.end();
});

t.test("the engine may tell of an exec after its first process was seen", (t) => {
  const second = 1_000_000_000n;
  const rows: readonly (readonly [why: string, told: Partial<EngineFacts>, expected?: string])[] = [
    ["a moment before it began", { timeNs: 50n * second - 1n }, execId],
    ["another command", { execCommand: "sh -l" }],
    ["another container", { containerId: "d".repeat(64) }],
    ["long before", { timeNs: 30n * second }],
    ["one that began later", { timeNs: 51n * second }],
  ];
  for (const [why, told, expected] of rows) {
    const sessions = new ExecSessions();
    const at = { pid: 700, vpid: 9, argv: ["sh"], startTicks: 5n, startNs: 50n * second };
    const shell = sampleProcess({ ...at, parent: shim });
    const given = { container: web, sessions };
    const before = originOf({ process: shell, before: undefined, ...given });
    t.equal(before.execId, undefined);
    const facts = { action: "exec_start", execId, containerId: id, execCommand: "sh" };
    sessions.take(engineFacts({ ...facts, timeNs: 50n * second, ...told }));
    t.equal(originOf({ process: shell, before, ...given }).execId, expected, why);
    const child = sampleProcess({ pid: 701, vpid: 10, parent: { ...shell, origin: before } });
    t.equal(originOf({ process: child, before: undefined, ...given }).execId, expected, why);
    const isLeft = expected === undefined && told.containerId === undefined;
    const claimed = sessions.claim(id, [told.execCommand ?? "sh"].join(" ").split(" "));
    t.equal(claimed, isLeft ? execId : undefined, "and is nobody else's then");
  }
  t.end();
});

t.test("an exec that is known beforehand is not begun again by what the engine tells", (t) => {
  const sessions = new ExecSessions();
  sessions.start(execId, { containerId: id, command: "sh" });
  t.equal(sessions.claim(id, ["sh"]), execId);
  const facts = { action: "exec_start", execId, containerId: id, execCommand: "sh" };
  sessions.take(engineFacts(facts));
  t.equal(sessions.claim(id, ["sh"]), undefined);
  t.end();
});
