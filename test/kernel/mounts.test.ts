// Mounts that come later, in namespaces of their own: followed by what the kernel tells of a namespace's mount table.
// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { realpathSync } from "node:fs";
import { createInterface } from "node:readline";
import t, { type TAP } from "tap";
import { loadBinding } from "../../daemon/kernel/binding.ts";
import { Gate, type RootPattern } from "../../daemon/kernel/gate.ts";
import { decodeRecords, type GateRecord } from "../../daemon/tracer/gate-record.ts";
import { mountOverlay, requireRoot } from "../support/overlay.ts";
import { until } from "../support/until.ts";

const pattern: RootPattern = { infix: "execwarden-overlay-", suffix: "/merged" };
const waitMs = 60_000;
const busybox = realpathSync("/bin/busybox");

/** A gate that observes; what it has seen, by path. */
function open(t: Pick<TAP, "teardown">) {
  const gate = Gate.open(loadBinding(), {
    ...{ deadlineMs: 60_000, denyOnDeadline: false, handOverBytes: 1 << 20 },
  });
  t.teardown(() => {
    gate.close();
  });
  gate.setDefaultMode("observe");
  const records: GateRecord[] = [];
  gate.onRecords((batch) => {
    for (const record of decodeRecords(batch)) {
      if (record.isHeld) gate.answer(record.ticket, "allow");
      records.push(record);
    }
  });
  const sees = (path: string): Promise<void> =>
    until(() => records.some(({ file }) => file.path === path), waitMs);
  return { gate, records, sees };
}

interface Shell {
  readonly pid: number;
  /** Becomes another shell; who calls waits until that is seen. */
  become(program: string): void;
  /** Runs a line and waits until it is done. */
  run(line: string): Promise<void>;
  end(): Promise<void>;
}

/** A shell in a mount namespace of its own, as `unshare -m` makes it. */
async function unshared(t: Pick<TAP, "teardown">): Promise<Shell> {
  const child: ChildProcessWithoutNullStreams = spawn("unshare", ["-m", "/bin/sh"]);
  const lines = createInterface({ input: child.stdout });
  const run = async (line: string): Promise<void> => {
    const done = once(lines, "line");
    child.stdin.write(`${line}\necho done\n`);
    await done;
  };
  const end = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.stdin.end();
    await once(child, "exit");
  };
  t.teardown(end);
  const become = (program: string): void => {
    child.stdin.write(`exec ${program}\n`);
  };
  await run(":");
  return { become, pid: child.pid ?? 0, run, end };
}

const tmpfs = "mkdir -p /tmp/later && mount -t tmpfs none /tmp/later && cp /bin/busybox /tmp/later";

if (requireRoot(t)) {
  await t.test("what is mounted later in a namespace that is followed is seen", async (t) => {
    const { gate, records, sees } = open(t);
    const shell = await unshared(t);
    gate.follow(shell.pid);
    await until(() => gate.counters().mounts.scans > 0, waitMs);
    const before = gate.counters().mounts.scans;
    await shell.run(tmpfs);
    await until(() => gate.counters().mounts.scans > before, waitMs);
    await shell.run("/tmp/later/busybox true");
    await sees("/tmp/later/busybox");
    t.match(gate.counters().mounts, { namespaces: 1, late: 0, refused: 0 });
    const seen = records.length;
    await shell.run(`${busybox} true`);
    await sees(busybox);
    t.equal(records.length, seen + 1, "a mount of the host's disk is this namespace's own");
    await shell.end();
    await until(() => gate.counters().mounts.namespaces === 0, waitMs);
  });

  await t.test("the host's own namespace is never followed", async (t) => {
    const { gate, records } = open(t);
    gate.follow(process.pid);
    gate.follow(1);
    t.equal(gate.counters().mounts.namespaces, 0);
    const shell = await unshared(t);
    gate.follow(shell.pid);
    await until(() => gate.counters().mounts.scans > 0, waitMs);
    const host = spawn("/bin/true");
    await once(host, "exit");
    t.strictSame(records, [], "an exec on the host is not seen");
  });

  await t.test("a namespace is found by the exec of a guarded file in it", async (t) => {
    const overlay = mountOverlay(["true", "sh"]);
    t.teardown(() => {
      overlay.remove();
    });
    const { gate, records, sees } = open(t);
    gate.setRootPatterns([pattern]);
    const shell = await unshared(t);
    await shell.run(tmpfs);
    await shell.run("/tmp/later/busybox true");
    shell.become(`${overlay.root}/bin/sh`);
    await sees(`${overlay.root}/bin/busybox`);
    t.equal(gate.counters().mounts.namespaces, 1);
    t.notOk(
      records.some(({ file }) => file.path === "/tmp/later/busybox"),
      "not before",
    );
    await shell.run("/tmp/later/busybox true");
    await sees("/tmp/later/busybox");
  });

  await t.test("an exec waits until what was mounted before it is marked", async (t) => {
    const overlay = mountOverlay(["true"]);
    t.teardown(() => {
      overlay.remove();
    });
    const { gate, records } = open(t);
    gate.setRootPatterns([pattern]);
    const shell = await unshared(t);
    await shell.run(`${overlay.root}/bin/true`);
    for (let round = 1; round <= 20; round++) {
      const place = `/tmp/later-${round}`;
      await shell.run(
        `mkdir -p ${place} && mount -t tmpfs none ${place} && cp /bin/busybox ${place}` +
          ` && ${overlay.root}/bin/true && ${place}/busybox true; rmdir ${place} 2>/dev/null; :`,
      );
    }
    await until(
      () => records.filter(({ file }) => file.path.startsWith("/tmp/later-")).length === 20,
      waitMs,
    );
    t.match(gate.counters().mounts, { late: 0 });
  });

  await t.test(
    "what a runtime mounts is marked when it opens the root that it has mounted",
    async (t) => {
      const { gate, sees } = open(t);
      gate.setRootPatterns([pattern]);
      const overlay = mountOverlay(["true"]);
      t.teardown(() => {
        overlay.remove();
      });
      await until(() => gate.roots().some(({ point }) => point === overlay.root), waitMs);
      const shell = await unshared(t);
      await shell.run(tmpfs);
      await shell.run(`read line <${overlay.root}/bin/busybox; /tmp/later/busybox true`);
      await sees("/tmp/later/busybox");
      const { seen, allowed } = gate.counters();
      t.strictSame([seen, allowed], [1, 1], "opens are no execs");
    },
  );
}
