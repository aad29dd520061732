// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { startDaemon, type AlertLine } from "../support/daemon.ts";
import { requireEngine, startEngine, type TestEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";
import { until } from "../support/until.ts";

/** One rule that tells of every event of the engine. */
const rules = `
- rule: Docker Event
  desc: everything that the engine tells
  source: docker
  condition: evt.type = docker_event
  output: >
    %docker.event.type %docker.event.action name=%docker.event.name old=%docker.event.old_name
    container=%container.name image=%container.image.repository looks_like=%docker.event.looks_like
    privileged=%container.privileged exit=%docker.event.exit_code signal=%docker.event.signal
    exec=%docker.event.exec_id cmd=%docker.event.exec_cmdline health=%docker.event.health
    dest=%docker.event.attr[destination]
  priority: NOTICE
- rule: Origin
  desc: where an exec comes from
  condition: evt.type = execve and proc.name in (sleep, id, env, sh)
  output: >
    %proc.name origin=%container.exec_origin root=%container.exec_root id=%container.exec_id
    in=%container.name exact=%container.exec_origin_exact health=%proc.is_container_healthcheck
  priority: NOTICE
- rule: Any Exec
  desc: execs are not docker events
  condition: docker.event.type exists or evt.source = docker
  output: never
  priority: NOTICE
`;

if (requireEngine(t)) {
  t.setTimeout(300_000);
  const engine = await startEngine();
  t.teardown(() => engine.stop());
  await buildImages(engine);
  await engine.docker("create", "--name=before", "--network=none", images.busybox);
  const daemon = await startDaemon({ dockerHost: engine.host, rules });
  t.teardown(() => daemon.stop());
  const told = (fits: (fields: Fields, alert: AlertLine) => boolean): Promise<AlertLine> =>
    daemon.alert((alert) => alert.rule === "Docker Event" && fits(fieldsOf(alert), alert));

  await t.test("a container's life is told, with the container's context", async (t) => {
    const health = ["--health-cmd=/bin/true", "--health-interval=1s"];
    const id = await run(engine, "--name=shop-web", ...health, images.busybox);
    const started = await told(({ type, action, name }) => {
      return `${type} ${action} ${name}` === "container start shop-web";
    });
    t.match(started, {
      source: "docker",
      output_fields: {
        "container.id": id.slice(0, 12),
        "container.name": "shop-web",
        "container.image.repository": "busybox",
        "container.privileged": false,
      },
      execwarden: {
        verdict: "allow",
        held: false,
        container: { name: "shop-web", privileged: false },
        docker_event: { type: "container", action: "start", actor_id: id },
      },
    });
    t.notOk("process" in started.execwarden);
    await told(({ action, health }) => action === "health_status" && health === "healthy");

    // Only created: not every machine that tests lets a privileged container start.
    await engine.docker("create", "--name=mighty", "--privileged", images.busybox);
    const mighty = await told(({ action, name }) => action === "create" && name === "mighty");
    t.equal(
      mighty.output_fields["container.privileged"],
      true,
      "inspect has answered before it is judged",
    );

    await engine.docker("exec", "shop-web", "/bin/sh", "-c", "exit 3");
    const created = await told(
      ({ action, cmd }) => action === "exec_create" && cmd.includes("exit 3"),
    );
    const execId = fieldsOf(created).exec;
    t.match(execId, /^[0-9a-f]{64}$/);
    t.equal(fieldsOf(created).cmd, "/bin/sh -c exit 3");
    await told(({ action, exec }) => action === "exec_start" && exec === execId);
    await told(({ action, exec, exit }) => action === "exec_die" && exec === execId && exit === 3);

    await engine.docker("pause", "shop-web");
    await told(({ action, name }) => action === "pause" && name === "shop-web");
    await engine.docker("unpause", "shop-web");
    await told(({ action, name }) => action === "unpause" && name === "shop-web");
    await engine.docker("update", "--cpu-shares=512", "shop-web");
    await told(({ action, name }) => action === "update" && name === "shop-web");
    await engine.docker("kill", "shop-web");
    await told(
      ({ action, name, signal }) => action === "kill" && name === "shop-web" && signal === 9,
    );
    await told(({ action, name, exit }) => action === "die" && name === "shop-web" && exit === 137);
    t.equal(daemon.alerts.filter(({ rule }) => rule === "Any Exec").length, 0);
  });

  await t.test("an exec is tied to its id, and a health check is told apart", async (t) => {
    const health = ["--health-cmd=true; true", "--health-interval=1s"];
    await run(engine, "--name=origins", ...health, images.busybox);
    const origin = (name: string, kind: string): Promise<AlertLine> =>
      daemon.alert(({ rule, output_fields: fields }) => {
        const isMeant = fields["container.name"] === "origins" && fields["proc.name"] === name;
        return rule === "Origin" && isMeant && fields["container.exec_origin"] === kind;
      });
    const entrypoint = await origin("sleep", "entrypoint");
    t.match(entrypoint.output_fields, {
      "container.exec_origin_exact": true,
      "container.exec_root": "entrypoint",
      "container.exec_id": null,
      "proc.is_container_healthcheck": false,
    });
    const check = await origin("sh", "healthcheck");
    t.equal(check.output_fields["proc.is_container_healthcheck"], true);
    t.match(check.output_fields["container.exec_id"], /^[0-9a-f]{64}$/);
    await engine.docker("exec", "origins", "/bin/env", "/bin/sh", "-c", "/bin/id; exit 0");
    const exec = await origin("env", "exec");
    const started = await told(
      ({ action, cmd }) => action === "exec_start" && cmd.includes("/bin/env"),
    );
    t.equal(exec.output_fields["container.exec_id"], fieldsOf(started).exec);
    t.comment(`exact: ${String(exec.output_fields["container.exec_origin_exact"])}`);
    const child = await origin("id", "child");
    t.match(child.output_fields, {
      "container.exec_root": "exec",
      "container.exec_id": fieldsOf(started).exec,
    });
    await engine.docker("kill", "origins");
  });

  await t.test("a container that is renamed to look like another is told of", async (t) => {
    await engine.docker("rename", "before", "shop_web");
    const renamed = await told(({ action }) => action === "rename");
    t.match(fieldsOf(renamed), {
      ...{ name: "shop_web", old: "before", container: "shop_web", looksLike: "shop-web" },
    });
    await engine.docker("rm", "shop_web");
    await told(({ action, container }) => action === "destroy" && container === "shop_web");
  });

  await t.test("images, networks and volumes", async () => {
    await engine.docker("tag", images.busybox, "other:1");
    await told(({ type, action, name }) => `${type} ${action} ${name}` === "image tag other:1");
    await engine.docker("rmi", "other:1");
    await told(({ type, action, name }) => `${type} ${action}` === "image untag" && name !== "");
    await engine.docker(
      "run",
      "--rm",
      "--name=mounts",
      "--network=none",
      "-v",
      "vol:/data",
      images.busybox,
      "/bin/true",
    );
    await told(({ type, action, name, container, dest }) => {
      return `${type} ${action} ${name} ${container} ${dest}` === "volume mount vol mounts /data";
    });
    await engine.docker(
      "run",
      "--rm",
      "--name=joins",
      "--network=host",
      images.busybox,
      "/bin/true",
    );
    await told(({ type, action, name, container }) => {
      return `${type} ${action} ${name} ${container}` === "network connect host joins";
    });
  });

  await t.test("after the engine's restart nothing is told twice", async (t) => {
    await run(engine, "--name=survivor", "--restart=always", images.busybox);
    await told(({ action, name }) => action === "start" && name === "survivor");
    await engine.restart();
    await told(({ action, name }, alert) => {
      return action === "start" && name === "survivor" && isAgain(alert, daemon.alerts);
    });
    await engine.docker("rename", "survivor", "veteran");
    await told(({ action, name }) => action === "rename" && name === "veteran");
    const { engine: status } = await daemon.status();
    t.ok((status.blind?.toMs ?? 0) > (status.blind?.fromMs ?? 0), "what may be missing is said");
    await until(() => daemon.log().includes("may have been missed"), 60_000);
    t.equal(status.eventsLost, 0);
    const keys = daemon.alerts.filter(({ source }) => source === "docker").map(keyOf);
    t.strictSame(
      keys.filter((key, i) => keys.indexOf(key) !== i),
      [],
      "no event twice",
    );
    await engine.docker("rm", "--force", "veteran");
  });
}

interface Fields {
  readonly type: string;
  readonly action: string;
  readonly name: string;
  readonly old: string;
  readonly container: string;
  readonly looksLike: string;
  readonly exec: string;
  readonly cmd: string;
  readonly health: string;
  readonly dest: string;
  readonly exit: unknown;
  readonly signal: unknown;
}

function fieldsOf({ output_fields: fields }: AlertLine): Fields {
  const textOf = (name: string): string => {
    const value = fields[name];
    return typeof value === "string" ? value : "";
  };
  const event = (name: string): string => textOf(`docker.event.${name}`);
  return {
    ...{ type: event("type"), action: event("action"), name: event("name") },
    ...{ old: event("old_name"), looksLike: event("looks_like"), exec: event("exec_id") },
    ...{ cmd: event("exec_cmdline"), health: event("health"), dest: event("attr[destination]") },
    container: textOf("container.name"),
    exit: fields["docker.event.exit_code"],
    signal: fields["docker.event.signal"],
  };
}

function isAgain(alert: AlertLine, alerts: readonly AlertLine[]): boolean {
  const { action, name } = fieldsOf(alert);
  const same = alerts.filter((other) => {
    const fields = fieldsOf(other);
    return fields.action === action && fields.name === name;
  });
  return same.length > 1;
}

function keyOf(alert: AlertLine): string {
  return JSON.stringify([alert.time, alert.output]);
}

/** Runs a container that waits to be killed, and returns its id. */
async function run(engine: TestEngine, ...args: readonly string[]): Promise<string> {
  const started = await engine.docker(
    "run",
    "--detach",
    "--network=none",
    ...args,
    "/bin/sleep",
    "600",
  );
  if (started.code !== 0) throw new Error(started.stderr);
  return started.stdout.trim();
}
