// Who is guarded, from when on, and what is known of each exec: on a real engine.
// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { spawn as spawnTerminal } from "node-pty";
import t from "tap";
import {
  startDaemon,
  type AlertLine,
  type DaemonOptions,
  type TestDaemon,
} from "../support/daemon.ts";
import { requireEngine, startEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";

const everyExec = `
- rule: Every Exec
  desc: every exec in every container
  condition: evt.type in (execve, execveat) and container
  output: >
    exec (command=%proc.cmdline exepath=%proc.exepath container=%container.name
    image=%container.image.repository pname=%proc.pname pcmdline=%proc.pcmdline aname2=%proc.aname[2]
    user=%user.name uid=%user.uid tty=%proc.tty pid=%proc.pid vpid=%proc.vpid cwd=%proc.cwd)
  priority: NOTICE
`;
const denyCurl = `policies:
  - name: No curl
    severity: high
    rules: [Run Web Fetch Program in Container]
    mode: enforce
    actions: [deny]
`;

const ofContainer =
  (name: string, command: string) =>
  ({ execwarden }: AlertLine): boolean =>
    execwarden.container?.name === name && execwarden.process.cmdline.startsWith(command);

if (requireEngine(t)) {
  const engine = await startEngine();
  t.teardown(() => engine.stop());
  await buildImages(engine);
  const run = (...args: readonly string[]): ReturnType<typeof engine.docker> =>
    engine.docker("run", "--network=none", ...args);
  const pids: number[] = [];
  const start = async (options: DaemonOptions): Promise<TestDaemon> => {
    const daemon = await startDaemon(options);
    pids.push(daemon.pid);
    return daemon;
  };
  const marksLeft = (): number => pids.reduce((sum, pid) => sum + marksOf(pid), 0);

  await t.test(
    "200 short-lived containers, eight at once: each has its image in the alert",
    async (t) => {
      const daemon = await start({ dockerHost: engine.host, rules: everyExec });
      t.teardown(() => daemon.stop());
      const names = Array.from({ length: 200 }, (_, index) => `brief-${index}`);
      const queue = [...names];
      const codes: number[] = [];
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
            codes.push((await run("--rm", `--name=${name}`, images.busybox, "/bin/true")).code);
          }
        }),
      );
      t.equal(codes.filter((code) => code !== 0).length, 0, "the engine ran them all");
      const found = await Promise.all(
        names.map((name) => daemon.alert(ofContainer(name, "/bin/true"))),
      );
      const withImage = found.filter(
        (alert) => alert.output_fields["container.image.repository"] === "busybox",
      );
      t.equal(withImage.length, 200, "alerts with the image's name");
      t.equal(daemon.alerts.length, 200, "one alert for each");
      const { counters } = (await daemon.status()).gate;
      t.match(counters, { seen: 200, lost: 0, deadlinesMissed: 0, containerUnknown: 0 });
    },
  );

  await t.test("what is known of a process: parents, user, directory, terminal", async (t) => {
    const daemon = await start({ dockerHost: engine.host, rules: everyExec });
    t.teardown(() => daemon.stop());
    const script = "cd /tmp; /bin/sh -c '/bin/echo deep; :'; :";
    await run("--rm", "--name=family", "--user=app", images.busybox, "/bin/sh", "-c", script);
    const { output_fields: fields, execwarden } = await daemon.alert(
      ofContainer("family", "/bin/echo deep"),
    );
    t.match(fields, {
      "proc.cmdline": "echo deep",
      "proc.exepath": "/bin/busybox",
      "proc.pname": "sh",
      "proc.pcmdline": "sh -c /bin/echo deep; :",
      "proc.aname[2]": "sh",
      "user.name": "app",
      "user.uid": 1000,
      "proc.cwd": "/tmp/",
    });
    t.strictSame(
      execwarden.ancestors.map(({ name }) => name),
      ["sh", "sh"],
      "up to the container's init, and no further",
    );
    const first = await daemon.alert(ofContainer("family", "/bin/sh -c cd /tmp"));
    t.match(first.output_fields, { "proc.vpid": 1, "proc.tty": 0 });

    const args = [
      "-H",
      engine.host,
      "run",
      "--rm",
      "-it",
      "--network=none",
      "--name=typed",
      images.busybox,
    ];
    const terminal = spawnTerminal("docker", [...args, "/bin/sh"], {});
    const ended = new Promise((resolve) => terminal.onExit(resolve));
    const opened = await daemon.alert(ofContainer("typed", "/bin/sh"));
    terminal.write("/bin/ls /\r");
    const typed = await daemon.alert(ofContainer("typed", "/bin/ls /"));
    t.not(typed.output_fields["proc.tty"], 0, "typed at a terminal");

    const entered = spawnTerminal(
      "docker",
      ["-H", engine.host, "exec", "-it", "typed", "/bin/sh"],
      {},
    );
    const left = new Promise((resolve) => entered.onExit(resolve));
    const shell = await daemon.alert(
      (alert) => ofContainer("typed", "/bin/sh")(alert) && alert.uuid !== opened.uuid,
    );
    t.not(shell.output_fields["proc.tty"], 0, "docker exec -it has a terminal from the start");
    entered.write("/bin/ls /etc\r");
    const inside = await daemon.alert(ofContainer("typed", "/bin/ls /etc"));
    t.equal(inside.output_fields["proc.tty"], shell.output_fields["proc.tty"], "the same one");
    entered.write("exit\r");
    await left;
    await engine.docker("exec", "typed", "/bin/ls", "/tmp");
    const plain = await daemon.alert(ofContainer("typed", "/bin/ls /tmp"));
    t.equal(plain.output_fields["proc.tty"], 0, "docker exec without -t has none");
    terminal.write("exit\r");
    await ended;
  });

  await t.test("500 execs at once, threads that exec, and the host left alone", async (t) => {
    const daemon = await start({ dockerHost: engine.host, rules: everyExec });
    t.teardown(() => daemon.stop());
    const tools = mkdtempSync(join(engine.directory, "tools-"));
    t.teardown(() => {
      rmSync(tools, { recursive: true });
    });
    const source = fileURLToPath(new URL("../support/thread-exec.c", import.meta.url));
    execFileSync("gcc", ["-static", "-pthread", "-o", join(tools, "thread-exec"), source]);
    await run(
      "--detach",
      "--name=busy",
      `--volume=${tools}:/tools:ro`,
      images.busybox,
      "/bin/sleep",
      "600",
    );
    const loop = "i=0; while [ $i -lt 500 ]; do /bin/true $i & i=$((i+1)); done; wait";
    t.equal((await engine.docker("exec", "busy", "/bin/sh", "-c", loop)).code, 0);
    // The container's sleep, the shell, and its 500 children.
    await daemon.alert(() => daemon.alerts.length === 502);
    const numbers = new Set(daemon.alerts.map(({ execwarden }) => execwarden.process.cmdline));
    const { argvUnknown } = (await daemon.status()).gate.counters;
    t.equal(numbers.size + Math.max(0, argvUnknown - 1), 502, "each with its own command line");
    t.ok(argvUnknown < 25, `argv was not to be had in ${argvUnknown} of 502, and that is counted`);

    const { stdout } = await engine.docker(
      "exec",
      "busy",
      "/tools/thread-exec",
      "/bin/echo",
      "from a thread",
    );
    t.equal(stdout, "from a thread\n");
    const threaded = await daemon.alert(ofContainer("busy", "/bin/echo from a thread"));
    t.match(threaded.output_fields, {
      "proc.pname": /runc|containerd-shim/,
      "proc.cmdline": "echo from a thread",
    });
    const program = await daemon.alert(ofContainer("busy", "/tools/thread-exec"));
    t.equal(
      threaded.execwarden.process["pid"],
      program.execwarden.process["pid"],
      "the process, not the thread",
    );

    const before = (await daemon.status()).gate.counters.seen;
    for (let i = 0; i < 50; i++) execFileSync("/bin/true");
    execFileSync(join(tools, "thread-exec"), ["/bin/true"]);
    const { counters } = (await daemon.status()).gate;
    t.equal(counters.seen, before, "no exec of the host was seen, not even from a shared volume");
    t.match(counters, { lost: 0, deadlinesMissed: 0, readErrors: 0, waiting: 0 });
    await engine.docker("rm", "--force", "busy");
  });

  await t.test("tmpfs, volumes and bind mounts are guarded as the image is", async (t) => {
    const daemon = await start({
      dockerHost: engine.host,
      mode: "enforce",
      policies: denyCurl,
    });
    t.teardown(() => daemon.stop());
    const shared = mkdtempSync(join(engine.directory, "shared-"));
    copyFileSync("/bin/busybox", join(shared, "wget"));
    chmodSync(join(shared, "wget"), 0o755);
    await run(
      "--detach",
      "--name=places",
      "--tmpfs=/scratch:exec",
      "--volume=kept:/kept",
      `--volume=${shared}:/shared`,
      images.busybox,
      "/bin/sleep",
      "600",
    );
    for (const place of ["/scratch", "/kept", "/dev"]) {
      const copy = `/bin/cp /bin/busybox ${place}/wget; ${place}/wget --help; echo code $?`;
      const { stdout } = await engine.docker("exec", "places", "/bin/sh", "-c", copy);
      t.match(stdout, "code 126", `${place}: not permitted`);
    }
    t.not((await engine.docker("exec", "places", "/shared/wget", "--help")).code, 0, "/shared");
    execFileSync(join(shared, "wget"), ["--help"], { stdio: "ignore" });
    t.pass("the same file runs on the host");
    await engine.docker("rm", "--force", "places");
  });

  await t.test("a program of the host never makes the host's own mounts guarded", async (t) => {
    await run("--detach", "--name=visited", images.busybox, "/bin/sleep", "600");
    const daemon = await start({ dockerHost: engine.host, rules: everyExec });
    t.teardown(() => daemon.stop());
    const root = await engine.docker(
      ...["inspect", "--format={{.GraphDriver.Data.MergedDir}}", "visited"],
    );
    const before = marksLeft();
    // From the host, before anything of the container's own is executed.
    const program = join(root.stdout.trim(), "bin/busybox");
    execFileSync("/bin/sh", ["-c", 'exec "$0" true', program]);
    await daemon.alert(ofContainer("visited", `${program} true`));
    t.equal(marksLeft(), before, "nothing more is marked");
    await engine.docker("exec", "visited", "/bin/true", "its own");
    await daemon.alert(ofContainer("visited", "/bin/true its own"));
    await engine.docker("rm", "--force", "visited");
  });

  await t.test("what runs from a volume is seen, though its start was not", async (t) => {
    const daemon = await start({ dockerHost: engine.host, rules: everyExec });
    t.teardown(() => daemon.stop());
    const tools = mkdtempSync(join(engine.directory, "static-"));
    copyFileSync("/bin/busybox", join(tools, "busybox"));
    const script = "while :; do /tools/busybox true; /tools/busybox usleep 300000; done";
    await run(
      ...["--detach", "--name=static", `--volume=${tools}:/tools:ro`, images.busybox],
      ...["/tools/busybox", "sh", "-c", script],
    );
    await daemon.alert(ofContainer("static", "/tools/busybox true"));
    await engine.docker("rm", "--force", "static");
  });

  await t.test(
    "a daemon that comes later knows what runs; a crash lets everything go",
    async (t) => {
      await run(
        "--detach",
        "--name=older",
        images.busybox,
        "/bin/sh",
        "-c",
        "while :; do /bin/sleep 1; done",
      );
      const first = await start({ dockerHost: engine.host, rules: everyExec });
      t.teardown(() => first.stop());
      const seen = await first.alert(ofContainer("older", "/bin/sleep 1"));
      t.match(seen.output_fields, {
        "container.image.repository": "busybox",
        "proc.pname": "sh",
        "proc.pcmdline": "sh -c while :; do /bin/sleep 1; done",
      });
      await first.crash();
      t.equal((await engine.docker("exec", "older", "/bin/true")).code, 0, "nothing is held");
      t.equal(marksLeft(), 0, "no mark is left");
      const second = await start({ dockerHost: engine.host, rules: everyExec });
      t.teardown(() => second.stop());
      await second.alert(ofContainer("older", "/bin/sleep 1"));

      await engine.restart();
      await engine.docker("start", "older");
      const restarted = Date.now();
      const again = await second.alert(
        (alert) =>
          ofContainer("older", "/bin/sleep 1")(alert) && Date.parse(alert.time) > restarted,
      );
      t.equal(
        again.output_fields["container.image.repository"],
        "busybox",
        "also after the engine was restarted",
      );
      while (!(await second.status()).engine.isConnected) await delay(50);
      await engine.docker("rm", "--force", "older");
    },
  );

  await t.test("nothing is left", async (t) => {
    t.equal((await engine.docker("ps", "--all", "--quiet")).stdout, "", "no container");
    t.equal(marksLeft(), 0, "no mark");
  });
}

/** fanotify marks that a daemon of ours has. */
function marksOf(pid: number): number {
  const directory = `/proc/${pid}`;
  let marks = 0;
  try {
    if (!readFileSync(`${directory}/cmdline`, "latin1").includes("execwarden-daemon-")) return 0;
    for (const fd of readdirSync(`${directory}/fdinfo`)) {
      const info = readFileSync(`${directory}/fdinfo/${fd}`, "latin1");
      marks += info
        .split("\n")
        .filter((line) => line.startsWith("fanotify ") && line.includes("mask:")).length;
    }
  } catch {
    // The process ended while it was looked at.
  }
  return marks;
}
