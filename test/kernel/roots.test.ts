// SPDX-License-Identifier: Apache-2.0
import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import t, { type TAP } from "tap";
import { loadBinding } from "../../daemon/kernel/binding.ts";
import { Gate, type RootPattern, type RootSuperblock } from "../../daemon/kernel/gate.ts";
import { decodeRecords, type GateRecord } from "../../daemon/tracer/gate-record.ts";
import { mountOverlay, requireRoot, type TestOverlay } from "../support/overlay.ts";
import { until } from "../support/until.ts";

const waitMs = 60_000;
const pattern: RootPattern = { infix: "execwarden-overlay-", suffix: "/merged" };

/** A gate that looks for roots of this form and allows what it holds, once it was noted. */
function open(t: Pick<TAP, "teardown">, patterns: readonly RootPattern[] = [pattern]) {
  const gate = Gate.open(loadBinding(), {
    ...{ deadlineMs: 5_000, denyOnDeadline: false, handOverBytes: 1 << 20 },
  });
  t.teardown(async () => {
    gate.close();
    // What was announced before is taken now, not at the end of this process.
    await new Promise((resolve) => setImmediate(resolve));
  });
  const seen = { mountsChanged: 0 };
  const records: GateRecord[] = [];
  gate.watchMounts(() => {
    seen.mountsChanged += 1;
  });
  gate.onRecords((batch) => {
    for (const record of decodeRecords(batch)) {
      records.push(record);
      if (record.isHeld) gate.answer(record.ticket, "allow");
    }
  });
  gate.setRootPatterns(patterns);
  return { gate, records, seen };
}

/** An overlay that is there until it is removed, or the test has ended. */
function mount(t: Pick<TAP, "teardown">): TestOverlay {
  const overlay = mountOverlay();
  let isThere = true;
  const remove = (): void => {
    if (isThere) overlay.remove();
    isThere = false;
  };
  t.teardown(remove);
  return { ...overlay, remove };
}

/** The overlay among the roots, by where it is mounted. */
function rootOf(gate: Gate, { root }: TestOverlay): RootSuperblock | undefined {
  return gate.roots().find(({ point }) => point === root);
}

/** Runs a program on the overlay by way of a shell, so that this process can answer. */
function run(program: string): Promise<number | string> {
  return new Promise((resolve) => {
    execFile("/bin/sh", ["-c", 'exec "$0"', program], (error) => {
      resolve(error?.code ?? 0);
    });
  });
}

if (requireRoot(t)) {
  await t.test(
    "a root is marked as soon as it is mounted, and held until somebody says otherwise",
    async (t) => {
      const { gate, records, seen } = open(t);
      const overlay = mount(t);
      await until(() => rootOf(gate, overlay) !== undefined, waitMs);
      await until(() => seen.mountsChanged > 0, waitMs);
      const root = rootOf(gate, overlay);
      t.match(root, { device: overlay.device, point: overlay.root });
      t.ok((root?.generation ?? 0) > 0);
      t.equal(await run(join(overlay.root, "bin/true")), 0);
      await until(() => records.length === 1, waitMs);
      t.match(records, [
        { isHeld: true, generation: root?.generation, file: { device: overlay.device } },
      ]);
      gate.setMode(overlay.device, "observe", root?.generation);
      t.equal(await run(join(overlay.root, "bin/true")), 0);
      await until(() => records.length === 2, waitMs);
      t.match(records[1], { isHeld: false, generation: root?.generation });
      t.match(gate.counters(), { seen: 2, denied: 0, deadlinesMissed: 0, markErrors: 0 });
    },
  );

  await t.test("roots that are mounted before are found when the forms are told", (t) => {
    const overlay = mount(t);
    const { gate } = open(t, []);
    t.equal(rootOf(gate, overlay), undefined, "no form, no root");
    gate.setRootPatterns([{ prefix: "/nowhere/" }, pattern]);
    t.match(rootOf(gate, overlay), { device: overlay.device }, "there at once");
    t.end();
  });

  const forms: readonly [name: string, pattern: (root: string) => RootPattern, isRoot: boolean][] =
    [
      ["nothing is asked for", () => ({}), true],
      ["the beginning is right", (root) => ({ prefix: `${dirname(root)}/` }), true],
      ["the beginning is wrong", () => ({ prefix: "/nowhere/" }), false],
      ["the end is right", () => ({ suffix: "/merged" }), true],
      ["the end is wrong", () => ({ suffix: "/merge" }), false],
      ["it has the text", () => ({ infix: "/execwarden-overlay-" }), true],
      ["it has not the text", () => ({ infix: "/execwarden-underlay-" }), false],
      ["one of three is wrong", () => ({ ...pattern, prefix: "/nowhere/" }), false],
    ];
  for (const [name, form, isRoot] of forms) {
    await t.test(`an overlay is a root by its path: ${name}`, (t) => {
      const overlay = mount(t);
      const { gate } = open(t, [form(overlay.root)]);
      t.equal(rootOf(gate, overlay) !== undefined, isRoot);
      t.end();
    });
  }

  await t.test("what is no overlay is no root, and neither is /", (t) => {
    const overlay = mount(t);
    const place = join(dirname(overlay.root), "tmpfs/merged");
    mkdirSync(place, { recursive: true });
    execFileSync("mount", ["-t", "tmpfs", "none", place]);
    t.teardown(() => execFileSync("umount", ["-l", place]));
    const { gate } = open(t);
    const points = gate.roots().map(({ point }) => point);
    t.ok(points.includes(overlay.root));
    t.notOk(points.includes(place));
    gate.setRootPatterns([{}]);
    t.notOk(gate.roots().some(({ point }) => point === "/"));
    t.end();
  });

  await t.test("a root that is unmounted is forgotten", async (t) => {
    const { gate } = open(t);
    const overlay = mount(t);
    await until(() => gate.roots().length === 1, waitMs);
    overlay.remove();
    await until(() => gate.roots().length === 0, waitMs);
    t.end();
  });

  await t.test("a device number that is used again is another root, which is held", async (t) => {
    const { gate, records } = open(t);
    const begin = async (overlay: TestOverlay): Promise<number> => {
      await until(() => rootOf(gate, overlay) !== undefined, waitMs);
      const generation = rootOf(gate, overlay)?.generation ?? 0;
      gate.setMode(overlay.device, "observe", generation);
      return generation;
    };
    let first = mount(t);
    let old = await begin(first);
    // The kernel gives the lowest number that is free: taken again unless somebody else was faster.
    first.remove();
    let second = mount(t);
    for (let left = 100; left > 0 && second.device !== first.device; left--) {
      first = second;
      old = await begin(first);
      first.remove();
      second = mount(t);
    }
    t.equal(second.device, first.device, "the number is used again");
    await until(() => rootOf(gate, second) !== undefined, waitMs);
    const generation = rootOf(gate, second)?.generation ?? 0;
    t.ok(generation > old, "in another life");
    t.equal(rootOf(gate, first), undefined);
    t.equal(await run(join(second.root, "bin/true")), 0);
    t.match(records, [{ isHeld: true, generation }]);
    gate.setMode(second.device, "observe", old);
    gate.setMode(second.device, "observe");
    t.equal(await run(join(second.root, "bin/true")), 0);
    t.match(records[1], { isHeld: true }, "what is said of another life does not count");
    gate.setMode(second.device, "observe", generation);
    t.equal(await run(join(second.root, "bin/true")), 0);
    await until(() => records.length === 3, waitMs);
    t.match(records[2], { isHeld: false });
  });

  await t.test("a bind mount of a root is no other life of it", async (t) => {
    const { gate, records, seen } = open(t);
    const overlay = mount(t);
    await until(() => rootOf(gate, overlay) !== undefined, waitMs);
    const root = rootOf(gate, overlay);
    gate.setMode(overlay.device, "observe", root?.generation);
    const bind = join(dirname(overlay.root), "bind/merged");
    mkdirSync(bind, { recursive: true });
    const before = seen.mountsChanged;
    execFileSync("mount", ["--bind", overlay.root, bind]);
    await until(() => seen.mountsChanged > before, waitMs);
    t.strictSame(gate.roots(), [root]);
    t.equal(await run(join(bind, "bin/true")), 0);
    await until(() => records.length === 1, waitMs);
    t.match(records, [{ isHeld: false, generation: root?.generation }], "its mode holds there too");
    const between = seen.mountsChanged;
    execFileSync("umount", ["-l", bind]);
    await until(() => seen.mountsChanged > between, waitMs);
    t.strictSame(gate.roots(), [root]);
  });

  await t.test("a process that ends before it took the news ends well", async (t) => {
    const directory = mkdtempSync(join(tmpdir(), "execwarden-end-"));
    t.teardown(() => {
      rmSync(directory, { recursive: true });
    });
    const program = new URL("./sudden-end.ts", import.meta.url).pathname;
    const child = spawn(process.execPath, [...process.execArgv, program, directory], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const ended = once(child, "close");
    const errors = (await child.stderr.toArray()) as Buffer[];
    const [line = ""] = Buffer.concat(errors).toString().split("\n");
    t.strictSame(await ended, [0, null], line);
  });
}
