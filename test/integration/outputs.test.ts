// Outputs of a running daemon: all receivers stuck at once under load, files moved away, and a sudden end.
// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawn } from "node:child_process";
import {
  appendFileSync,
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { BlindTime } from "../../daemon/model/blind-time.ts";
import type { OutputCounters } from "../../daemon/model/ports.ts";
import type { Status } from "../../daemon/model/status.ts";
import {
  startDaemon,
  type AlertLine,
  type DaemonOptions,
  type TestDaemon,
} from "../support/daemon.ts";
import { requireEngine, startEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";
import { until } from "../support/until.ts";

const rules = `
- rule: Every True
  desc: every run of true in every container
  condition: evt.type in (execve, execveat) and container and proc.name = true
  output: "true (cmdline=%proc.cmdline)"
  priority: NOTICE
- rule: Never Id
  desc: a program that is refused
  condition: evt.type in (execve, execveat) and container and proc.name = id
  output: "id (cmdline=%proc.cmdline)"
  priority: NOTICE
`;
const policies = `policies:
  - name: No id
    severity: high
    rules: [Never Id]
    mode: enforce
    actions: [deny]
`;
const outputNames = ["stdout", "file", "ops"];
const waitMs = 60_000;
/** Short, so that receivers that come back are noticed soon. */
const impatient = { timeout: "500ms", retry: { first_pause: "50ms", pause_max: "500ms" } };

interface Receiver {
  readonly url: string;
  /** Key and uuid of every alert that was answered. */
  readonly taken: readonly { readonly key: unknown; readonly alert: AlertLine }[];
  /** Requests that came, answered or not. */
  readonly asked: () => number;
  /** Answers from now on. */
  recover(): void;
}

/** A real receiver that takes connections and requests, and answers nothing until it recovers. */
async function hungReceiver(t: Test): Promise<Receiver> {
  const taken: { key: unknown; alert: AlertLine }[] = [];
  const held = new Set<ServerResponse>();
  let isHung = true;
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      if (isHung) {
        held.add(response);
        return;
      }
      taken.push({
        key: request.headers["idempotency-key"],
        alert: JSON.parse(body) as AlertLine,
      });
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    taken,
    asked: () => asked,
    recover() {
      isHung = false;
      for (const response of held) response.destroy();
    },
  };
}

/** A directory that goes away with the test. */
function directory(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), "execwarden-outputs-"));
  t.teardown(() => {
    rmSync(path, { recursive: true, force: true });
  });
  return path;
}

/** A small file system without a byte of room until `free` is called. */
function fullDisk(t: Test): { readonly path: string; free(): void } {
  const path = directory(t);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", path]);
  t.teardown(() => {
    execFileSync("umount", ["-l", path]);
  });
  const filler = join(path, "filler");
  t.throws(
    () => {
      for (;;) appendFileSync(filler, Buffer.alloc(64 * 1024, "x"));
    },
    { code: "ENOSPC" },
  );
  return {
    path,
    free: () => {
      rmSync(filler);
    },
  };
}

/** A pipe that nobody reads until `read` is called. */
function unreadPipe(t: Test): { readonly fd: number; read(): readonly AlertLine[] } {
  const path = join(directory(t), "pipe");
  execFileSync("mkfifo", [path]);
  // Both directions: an open for writing alone would wait for a reader (fifo(7)).
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  t.teardown(() => {
    closeSync(fd);
  });
  return {
    fd,
    read() {
      const lines: AlertLine[] = [];
      let rest = "";
      const reader = spawn("cat", [path], { stdio: ["ignore", "pipe", "inherit"] });
      t.teardown(() => reader.kill());
      reader.stdout.on("data", (chunk: Buffer) => {
        const parts = (rest + chunk.toString()).split("\n");
        rest = parts.pop() ?? "";
        lines.push(...parts.map((line) => JSON.parse(line) as AlertLine));
      });
      return lines;
    },
  };
}

/** The status, once it is as wanted. */
async function statusOnce(
  daemon: TestDaemon,
  isWanted: (status: Status) => boolean,
): Promise<Status> {
  const endMs = performance.now() + waitMs;
  for (;;) {
    const status = await daemon.status();
    if (isWanted(status)) return status;
    if (performance.now() > endMs) {
      throw new Error(`not so within ${waitMs} ms: ${JSON.stringify(status, undefined, 2)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** How often `ask` was answered, one time after the other, until `work` ended. */
async function countWhile(work: Promise<unknown>, ask: () => Promise<unknown>): Promise<number> {
  const over = new AbortController();
  const ended = work.finally(() => {
    over.abort();
  });
  let count = 0;
  for (; !over.signal.aborted; count += 1) await ask();
  await ended;
  return count;
}

/** What became of the alerts that an output was given. */
function fatesOf(
  { outputs }: Status,
  name: string,
): Omit<OutputCounters, "spooled" | "retries"> & { readonly sum: number } {
  const counters = outputs[name];
  if (counters === undefined) throw new Error(`no output ${name}`);
  const { written, dropped, failed, queued } = counters;
  return { written, dropped, failed, queued, sum: written + dropped + failed + queued };
}

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

const says = (text: string) => (alert: AlertLine) => alert.output.includes(text);

if (requireEngine(t)) {
  const engine = await startEngine();
  t.teardown(() => engine.stop());
  await buildImages(engine);
  const start = async (t: Test, options: Partial<DaemonOptions>): Promise<TestDaemon> => {
    const daemon = await startDaemon({
      ...{ dockerHost: engine.host, mode: "enforce", rules, policies },
      ...options,
    });
    t.teardown(() => daemon.stop());
    return daemon;
  };
  const shell = (name: string, script: string): ReturnType<typeof engine.docker> =>
    engine.docker("exec", name, "/bin/sh", "-c", script);
  const box = async (t: Test, daemon: TestDaemon, name: string): Promise<void> => {
    await engine.docker(
      ...["run", "--detach", "--network=none", `--name=${name}`],
      ...[images.busybox, "/bin/sleep", "600"],
    );
    t.teardown(() => engine.docker("rm", "--force", name));
    await statusOnce(daemon, ({ gate }) =>
      gate.superblocks.some(
        ({ containers, mode }) => mode === "enforce" && containers.includes(name),
      ),
    );
  };

  await t.test("receivers that are all stuck at once delay no exec and no answer", async (t) => {
    const disk = fullDisk(t);
    const receiver = await hungReceiver(t);
    const pipe = unreadPipe(t);
    const file = join(disk.path, "events.json");
    const daemon = await start(t, {
      gate: "2s",
      stdout: pipe.fd,
      config: {
        outputs: {
          queue: { alerts: 100 },
          file: { path: file },
          spool: { directory: join(disk.path, "spool") },
          webhooks: [{ name: "ops", url: receiver.url, ...impatient }],
        },
      },
    });
    await box(t, daemon, "storm");
    const execs = 2_000;
    const script = `i=0; while [ $i -lt ${execs} ]; do /bin/true $i || exit 9; i=$((i+1)); done`;
    const storm = shell("storm", script);
    const answers = await countWhile(storm, () => daemon.status());
    t.equal((await storm).code, 0, "every exec was let go");
    t.ok(answers > 1, `${answers} answers of the control socket meanwhile`);
    t.not((await shell("storm", "/bin/id")).code, 0, "what is to be refused is refused");
    // Outputs count in their own time.
    const stuck = await statusOnce(daemon, (status) => {
      const sums = outputNames.map((name) => fatesOf(status, name).sum);
      return status.alerts >= execs + 1 && sums.every((sum) => sum === status.alerts);
    });
    t.match(stuck.gate.counters, {
      ...{ deadlinesMissed: 0, lost: 0, alertsLost: 0, decisionFailures: 0, denied: 1 },
    });
    await until(() => receiver.asked() > 0, waitMs);
    for (const name of outputNames) {
      const fates = fatesOf(stuck, name);
      t.ok(fates.dropped > 0, `${name}: ${fates.dropped} dropped, and counted`);
    }
    t.match(await daemon.run("status"), { code: 0, stdout: /ops: .*dropped [1-9]/ });

    receiver.recover();
    disk.free();
    const printed = pipe.read();
    await statusOnce(daemon, ({ outputs }) =>
      Object.values(outputs).every(({ queued }) => queued === 0),
    );
    t.equal((await shell("storm", "/bin/true afterwards")).code, 0);
    const last = says("true afterwards)");
    await until(() => printed.some(last), waitMs);
    await until(() => receiver.taken.some(({ alert }) => last(alert)), waitMs);
    await until(() => textOf(file).includes("true afterwards)"), waitMs);
    t.match(printed.find(last)?.execwarden, { held: true, verdict: "allow" });
    const after = await statusOnce(daemon, (status) => {
      const { queued, sum } = fatesOf(status, "ops");
      return queued === 0 && sum === status.alerts;
    });
    const uuids = new Set(receiver.taken.map(({ alert }) => alert.uuid));
    t.equal(uuids.size, fatesOf(after, "ops").written, "what is counted as written has arrived");
  });

  await t.test("SIGUSR1 opens the file anew, so that another program can rotate it", async (t) => {
    const file = join(directory(t), "events.json");
    const daemon = await start(t, { config: { outputs: { file: { path: file, rotate: false } } } });
    await box(t, daemon, "rotated");
    await shell("rotated", "/bin/true before");
    await daemon.alert(says("true before)"));
    await until(() => textOf(file).includes("true before)"), waitMs);
    renameSync(file, `${file}.1`);
    daemon.signal("SIGUSR1");
    await daemon.logged("opening the files of outputs anew");
    await until(() => existsSync(file), waitMs);
    await shell("rotated", "/bin/true after");
    await until(() => textOf(file).includes("true after)"), waitMs);
    t.match(readFileSync(`${file}.1`, "utf8"), "true before)");
    t.notMatch(readFileSync(`${file}.1`, "utf8"), "true after)");
    t.notMatch(readFileSync(file, "utf8"), "true before)");
  });

  await t.test("alerts in the spool survive a sudden end", async (t) => {
    const receiver = await hungReceiver(t);
    const options = {
      config: {
        state_directory: directory(t),
        outputs: {
          spool: { directory: join(directory(t), "spool") },
          webhooks: [{ name: "ops", url: receiver.url, ...impatient }],
        },
      },
    };
    const first = await start(t, options);
    await box(t, first, "spooled");
    const execs = 300;
    await shell("spooled", `for i in $(/bin/seq ${execs}); do /bin/true $i; done`);
    await first.alert(says(`true ${execs})`));
    await statusOnce(first, ({ outputs }) => (outputs["ops"]?.spooled ?? 0) >= execs);
    const told = new Set(first.alerts.map(({ uuid }) => uuid));
    await first.crash();
    t.equal(receiver.taken.length, 0, "nothing was delivered before the end");
    receiver.recover();
    const crashedMs = Date.now();
    const second = await start(t, options);
    const arrived = (): Set<string> => new Set(receiver.taken.map(({ alert }) => alert.uuid));
    await until(() => arrived().size >= told.size, waitMs);
    t.strictSame(arrived(), told, "every alert, under the uuid that it was printed with");
    t.ok(
      receiver.taken.every(({ key, alert }) => key === alert.uuid),
      "the idempotency key is the uuid",
    );
    const { blind } = await statusOnce(second, ({ outputs }) => outputs["ops"]?.spooled === 0);
    t.match(blind, [{ what: "execs", reason: "the daemon ended suddenly" }]);
    const [{ fromMs = Infinity, toMs = 0 } = {}] = blind as readonly Partial<BlindTime>[];
    t.ok(fromMs <= crashedMs && crashedMs <= toMs, "the status tells when nobody guarded");
    t.match(await second.run("status"), {
      stdout: /^blind +.* to .*, to execs: the daemon ended/m,
    });
  });
}
