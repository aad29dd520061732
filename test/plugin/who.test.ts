// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn as spawnTerminal, type IPty } from "node-pty";
import t from "tap";
import { startDaemon, type AlertLine } from "../support/daemon.ts";
import { openDoor, untilAsked } from "../support/door.ts";
import { requireEngine, startEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";

const rules = `
- rule: Exec by Somebody
  desc: d
  condition: evt.type in (execve, execveat) and container.id != host and proc.cmdline startswith "true "
  output: >
    command=%proc.cmdline user=%docker.client.user login=%docker.client.loginuid confidence=%docker.client.confidence
    terminal=%docker.client.terminal client=%docker.client.cmdline parents=%docker.client.parents
  priority: NOTICE
- rule: Asked by Somebody
  desc: d
  source: docker
  condition: evt.type = docker_request and docker.action in (exec.create, exec.start, container.create, container.start)
  output: action=%docker.action login=%docker.client.loginuid confidence=%docker.client.confidence
  priority: NOTICE
- rule: Told of Somebody
  desc: d
  source: docker
  condition: docker.event.action in (exec_create, exec_start, start, create)
  output: event=%docker.event.action login=%docker.client.loginuid
  priority: NOTICE
- rule: Refused by Who Asks
  desc: d
  source: docker
  condition: evt.type = docker_request and docker.action = exec.create and docker.client.loginuid = 4713
  output: refused
  priority: NOTICE
`;

const policies = `
policies:
  - name: Not this one
    rules: [Refused by Who Asks]
    mode: enforce
    actions: [deny]
`;

if (requireEngine(t)) {
  t.setTimeout(240_000);
  const door = await openDoor();
  const scratch = mkdtempSync(join(tmpdir(), "who-"));
  const engineConfig = join(scratch, "daemon.json");
  writeFileSync(engineConfig, "{}");
  const engine = await startEngine({ flags: [`--config-file=${engineConfig}`] });
  t.teardown(async () => {
    await engine.stop();
    await door.stop();
    rmSync(scratch, { recursive: true, force: true });
  });
  await buildImages(engine);
  const run = ["run", "-d", "--network=none"];
  await engine.docker(...run, "--name=web", images.busybox, "/bin/sleep", "600");
  const daemon = await startDaemon({
    ...{ dockerHost: engine.host, mode: "enforce", rules, policies },
    config: { plugin: { socket: door.socket } },
  });
  // Not before the engine: it would wait for its plugin.
  t.teardown(async () => {
    await engine.stop();
    await daemon.stop();
  });

  /** The docker command line on a terminal of its own, of somebody who logged in with this id. */
  const asPerson = (loginuid: number, ...args: readonly string[]): IPty => {
    const script = `echo ${loginuid} >/proc/self/loginuid; exec docker -H ${engine.host} "$@"`;
    return spawnTerminal("/bin/sh", ["-c", script, "sh", ...args], { env: process.env });
  };
  const ended = (terminal: IPty): Promise<unknown> =>
    new Promise((resolve) => {
      terminal.onExit(resolve);
    });
  const clientOf = ({ execwarden }: AlertLine): unknown =>
    (execwarden as { readonly client?: unknown }).client;
  const execOf = (word: string): Promise<AlertLine> =>
    daemon.alert(
      ({ rule, output }) => rule === "Exec by Somebody" && output.includes(`=true ${word} `),
    );

  await t.test("without the plugin it is inferred from who is connected", async (t) => {
    const terminal = asPerson(4711, "exec", "-it", "web", "/bin/sh");
    // What is run before the engine has told of the session cannot be its person's yet.
    await daemon.alert(({ output }) => output.includes("event=exec_start login=4711"));
    terminal.write("/bin/true unasked\n");
    const alert = await execOf("unasked");
    t.match(clientOf(alert), { loginuid: 4711, confidence: "inferred" });
    terminal.write("exit\n");
    await ended(terminal);
  });

  await t.test("every command typed in a session is its person's", async (t) => {
    writeFileSync(engineConfig, JSON.stringify({ "authorization-plugins": [door.name] }));
    await engine.restart();
    await engine.docker("start", "web");
    await untilAsked(daemon);
    const terminal = asPerson(4711, "exec", "-it", "web", "/bin/sh");
    terminal.write("/bin/true first\n");
    const first = await execOf("first");
    t.match(clientOf(first), {
      loginuid: 4711,
      uid: 0,
      // Exact where the runtime that began the session could still be asked which one it is.
      confidence: /^(exact|inferred)$/,
      pid: terminal.pid,
      terminal: /^pts\//,
      cmdline: `docker -H ${engine.host} exec -it web /bin/sh`,
      exe: /docker/,
    });
    t.match(first.output, /login=4711 .*parents=node/);
    terminal.write("(/bin/sh -c '/bin/true deeper; /bin/true deeper')\n");
    t.match(clientOf(await execOf("deeper")), { loginuid: 4711, pid: terminal.pid });

    const other = asPerson(4712, "exec", "web", "/bin/true", "other");
    t.match(clientOf(await execOf("other")), { loginuid: 4712 }, "another person meanwhile");
    await ended(other);
    terminal.write("/bin/true again\n");
    t.match(clientOf(await execOf("again")), { loginuid: 4711 });
    terminal.write("exit\n");
    await ended(terminal);

    for (const action of ["exec.create", "exec.start"]) {
      const asked = await daemon.alert(({ output }) =>
        output.includes(`action=${action} login=4711`),
      );
      t.match(asked.output, "confidence=exact");
    }
    for (const action of ["exec_create", "exec_start"]) {
      await daemon.alert(({ output }) => output.includes(`event=${action} login=4711`));
    }
  });

  await t.test("a container is whose who ran it", async (t) => {
    const terminal = asPerson(
      4712,
      "run",
      "--rm",
      "-it",
      "--network=none",
      images.busybox,
      "/bin/sh",
    );
    terminal.write("/bin/true inside\n");
    t.match(clientOf(await execOf("inside")), { loginuid: 4712, pid: terminal.pid });
    terminal.write("exit\n");
    await ended(terminal);
    await daemon.alert(({ output }) => output.includes("event=start login=4712"));
    await daemon.alert(({ output }) => output.includes("event=create login=4712"));
  });

  await t.test("beside an idle client it is inferred by the command line", async (t) => {
    const idle: Socket = connect(engine.socketPath);
    await once(idle, "connect");
    idle.write("GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n");
    await once(idle, "data");
    await ended(asPerson(4711, "exec", "web", "/bin/true", "beside"));
    t.match(clientOf(await execOf("beside")), { loginuid: 4711, confidence: "inferred" });
    idle.destroy();
  });

  await t.test("a policy can refuse by who asks", async (t) => {
    const terminal = asPerson(4713, "exec", "web", "/bin/true", "refused");
    let said = "";
    terminal.onData((text) => (said += text));
    await ended(terminal);
    t.match(said, /refused by the policy "Not this one"/);
  });
}
