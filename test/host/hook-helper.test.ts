// The real helper, with real programs as other users.
// SPDX-License-Identifier: Apache-2.0
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { startHookHelper } from "../../daemon/host/hook-helper.ts";
import type { HookAction } from "../../daemon/model/alert.ts";
import { createRecordingLog } from "../support/recording-log.ts";

const isRoot = process.getuid?.() === 0;
if (!isRoot) t.plan(0, "running as another user needs root");
else {
  const directory = mkdtempSync(join(tmpdir(), "execwarden-hooks-"));
  chmodSync(directory, 0o755);
  const { log } = createRecordingLog();
  const helper = startHookHelper(log);
  t.teardown(() => {
    helper.close();
    rmSync(directory, { recursive: true });
  });
  const run = (script: string, more: Partial<HookAction> = {}, standardInput = "alert\n") => {
    const path = join(directory, `${Math.random()}.sh`);
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
    return helper.run({
      action: {
        ...{ kind: "hook", program: [path, "a b", "$HOME"], user: "nobody", timeoutMs: 20_000 },
        ...more,
      },
      environment: { EXECWARDEN_ALERT: "u1" },
      standardInput,
    });
  };
  /** What the script says on its standard error. */
  const said = async (script: string, more: Partial<HookAction> = {}): Promise<string> => {
    const result = await run(`{ ${script}\n} >&2`, more);
    return result.ok ? (result.value.end.stderr ?? "") : result.error.message;
  };

  t.test(
    "it gets the alert, its arguments as they are, and an environment of its own",
    async (t) => {
      t.equal(await said('cat; echo "$#|$1|$2"'), "alert\n2|a b|$HOME\n");
      t.strictSame((await said("env -u PWD -u SHLVL -u _ | sort")).trim().split("\n"), [
        "EXECWARDEN_ALERT=u1",
        "HOME=/nonexistent",
        "LANG=C.UTF-8",
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "USER=nobody",
      ]);
      t.equal(await said("pwd; umask; ls /proc/self/fd | wc -l"), "/\n0077\n4\n");
    },
  );

  for (const [user, ids] of [
    ["nobody", "65534 65534 65534"],
    ["root", "0 0 0"],
    ["1234", "1234 1234 1234"],
    ["1234:55", "1234 55 55"],
  ] as const) {
    t.test(`it runs as ${user}, without other groups or capabilities`, async (t) => {
      t.equal(await said("echo $(id -u) $(id -g) $(id -G)", { user }), `${ids}\n`);
      const capabilities = await said("grep CapEff /proc/self/status", { user });
      if (user !== "root") t.match(capabilities, /^CapEff:\t0+\n$/);
      t.match(
        await said("grep -E '^Sig(Ign|Blk)' /proc/self/status", { user }),
        /^SigBlk:\t0+\nSigIgn:\t0+\n$/,
      );
    });
  }

  t.test("its end is told: exit status, signal, the first bytes of what it said", async (t) => {
    t.strictSame(await run("exit 0"), {
      ok: true,
      value: { end: { exitCode: 0 }, isTimedOut: false },
    });
    t.match(await run("echo no network >&2; exit 3"), {
      value: { end: { exitCode: 3, stderr: "no network\n" } },
    });
    t.match(await run("kill -USR1 $$"), {
      value: { end: { signal: "SIGUSR1" }, isTimedOut: false },
    });
    const flood = await run("head -c 1000000 /dev/zero | tr '\\0' x >&2; exit 1");
    t.equal(flood.ok && flood.value.end.stderr?.length, 1024);
  });

  t.test("an alert that is not read harms nobody", async (t) => {
    t.match(await run("exit 0", {}, "x".repeat(1 << 20)), { value: { end: { exitCode: 0 } } });
    const result = await run("wc -c >&2", {}, "x".repeat(1 << 20));
    t.equal(result.ok && result.value.end.stderr?.trim(), String(1 << 20));
  });

  t.test("what takes too long is told to end, with its children", async (t) => {
    const result = await run("sleep 600 & sleep 600", { timeoutMs: 300 });
    t.match(result, { value: { end: { signal: "SIGTERM" }, isTimedOut: true } });
  });

  t.test("what does not want to end is killed", async (t) => {
    // Long enough for the shell to come to its trap.
    const result = await run("trap '' TERM; while :; do sleep 600; done", { timeoutMs: 2_000 });
    t.match(result, { value: { end: { signal: "SIGKILL" }, isTimedOut: true } });
  });

  t.test("what cannot be started says why", async (t) => {
    for (const [action, message] of [
      [
        { program: ["/nonexistent/hook"] },
        /cannot run hook \/nonexistent\/hook as user nobody: no such file/,
      ],
      [{ program: ["/etc/passwd"] }, /permission denied/],
      [{ user: "nobody-at-all" }, /there is no user "nobody-at-all" on this host/],
      [{ user: "99999999999" }, /there is no user/],
    ] as const) {
      const result = await run("exit 0", action);
      t.match(result.ok ? "it ran" : result.error.message, message);
    }
  });

  t.test("many at the same time do not wait for each other", async (t) => {
    const results = await Promise.all(Array.from({ length: 40 }, (_, i) => run(`exit ${i}`)));
    t.strictSame(
      results.map((result) => result.ok && result.value.end.exitCode),
      Array.from({ length: 40 }, (_, i) => i),
    );
  });

  t.test("without a helper hooks fail, and say what to do", async (t) => {
    const { log: quiet, lines } = createRecordingLog();
    const missing = startHookHelper(quiet, "/nonexistent/helper");
    const action: HookAction = { kind: "hook", program: ["/bin/true"], user: "root", timeoutMs: 1 };
    const result = await missing.run({ action, environment: {}, standardInput: "" });
    t.match(result, {
      ok: false,
      error: { message: /^cannot run hooks: .*; restart the daemon$/ },
    });
    t.match(lines, [
      { message: "there is no hook helper: hooks fail until the daemon is restarted" },
    ]);
    missing.close();
  });

  t.test("when the daemon ends, what runs is ended and those who wait are told", async (t) => {
    const other = startHookHelper(log);
    const action: HookAction = {
      ...{ kind: "hook", program: ["/bin/sleep", "600"], user: "root", timeoutMs: 500_000 },
    };
    const running = other.run({ action, environment: {}, standardInput: "" });
    await new Promise((resolve) => setImmediate(resolve));
    other.close();
    t.match(await running, { ok: false, error: { message: /the daemon is stopping/ } });
  });
}
