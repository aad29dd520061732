// A gate that outlives its process: what waited is answered by the next one, and nothing passes in between.
// SPDX-License-Identifier: Apache-2.0
import { execFile, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import t from "tap";
import { loadBinding } from "../../daemon/kernel/binding.ts";
import { Gate } from "../../daemon/kernel/gate.ts";
import { fdStore } from "../support/fd-store.ts";
import { mountOverlay, requireRoot } from "../support/overlay.ts";
import { until } from "../support/until.ts";

const waitMs = 60_000;

/** Runs a program by way of a shell; 126: it was not permitted. */
function run(program: string): { result: number | undefined } {
  const run: { result: number | undefined } = { result: undefined };
  execFile("/bin/sh", ["-c", `exec ${program}`], (error) => {
    run.result = error === null ? 0 : Number(error.code);
  });
  return run;
}

if (requireRoot(t)) {
  await t.test("what is no group is not taken over, and stays open", (t) => {
    const other = openSync("/dev/null", "r");
    t.teardown(() => {
      closeSync(other);
    });
    const options = { deadlineMs: 1_000, denyOnDeadline: false, handOverBytes: 1 << 20 };
    t.throws(() => Gate.open(loadBinding(), { ...options, group: other }), /readlink failed/);
    t.equal(readSync(other, Buffer.alloc(1)), 0);
    t.end();
  });

  await t.test("the next process answers what was held, and serves what waited", async (t) => {
    const overlay = mountOverlay();
    // Not below the checkout: a socket's path is short.
    const directory = mkdtempSync(join(tmpdir(), "execwarden-takeover-"));
    t.teardown(() => {
      overlay.remove();
      rmSync(directory, { recursive: true, force: true });
    });
    const keeper = new URL("../support/group-keeper.ts", import.meta.url).pathname;
    const [manager = "", ...words] = fdStore(directory, 0);
    const node = [process.execPath, ...process.execArgv, keeper];
    const child = spawn(manager, [...words, ...node, overlay.root, String(overlay.device)], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    t.teardown(() => child.kill());
    const said: string[] = [];
    createInterface({ input: child.stdout }).on("line", (line) => said.push(line));
    const told: { readonly message: string; readonly number: number }[] = [];
    createInterface({ input: child.stderr }).on("line", (line) => {
      if (line.startsWith('{"message":"fd-store'))
        told.push(JSON.parse(line) as (typeof told)[number]);
    });
    const isTold = (what: string): boolean =>
      told.some(({ message }) => message === `fd-store: ${what}`);

    await until(() => said.includes("ready") && isTold("stored"), waitMs);
    const held = run(join(overlay.root, "bin/true"));
    await until(() => said.includes("held"), waitMs);
    process.kill(
      told.find(({ message }) => message === "fd-store: started")?.number ?? 0,
      "SIGKILL",
    );
    await until(() => isTold("ended"), waitMs);
    const waiting = run(join(overlay.root, "bin/true"));
    await until(() => said.includes("inherited 1"), waitMs);
    await until(() => held.result !== undefined, waitMs);
    t.equal(held.result, 126, "as at the deadline");
    t.equal(waiting.result, undefined, "nobody serves yet");
    child.stdin.write("serve\n");
    await until(() => waiting.result !== undefined, waitMs);
    t.equal(waiting.result, 0);
    const after = run(join(overlay.root, "bin/true"));
    await until(() => after.result !== undefined, waitMs);
    t.equal(after.result, 0);
  });
}
