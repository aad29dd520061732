// What a container has of the host against what the door judged, on a real engine. Links are changed in between by a
// second authorization plugin: the engine asks it after ours, and does nothing before it has answered.
// SPDX-License-Identifier: Apache-2.0
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { startDaemon, type AlertLine } from "../support/daemon.ts";
import { openDoor } from "../support/door.ts";
import { requireEngine, startEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";

const rules = readFileSync(new URL("../../rules/docker.yaml", import.meta.url), "utf8");
const otherMounts = "Container Has Other Mounts Than Were Judged";
const unjudged = "Unjudged Container Has Sensitive Host Path";
const policies = `
policies:
  - name: Keep off the host
    rules: [{ tag: host_access }]
    mode: enforce
    actions: [deny]
  - name: Judged mounts only
    rules: [${otherMounts}]
    mode: enforce
    actions: [{ kill: container }]
`;

if (requireEngine(t)) {
  t.setTimeout(240_000);
  const door = await openDoor();
  const nextName = `${door.name}-next`;
  const nextSocket = `/run/docker/plugins/${nextName}.sock`;
  const scratch = mkdtempSync(join(tmpdir(), "mounts-"));
  const engineConfig = join(scratch, "daemon.json");
  writeFileSync(engineConfig, "{}");

  /** Called before the engine does what ours has let through. */
  let between: ((uri: string) => void) | undefined;
  const next = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString("utf8");
      const isQuestion = request.url === "/AuthZPlugin.AuthZReq";
      if (isQuestion) between?.((JSON.parse(text) as { RequestUri: string }).RequestUri);
      const isActivation = request.url === "/Plugin.Activate";
      response.end(JSON.stringify(isActivation ? { Implements: ["authz"] } : { Allow: true }));
    });
  });
  await new Promise<void>((resolve) => next.listen(nextSocket, resolve));
  const engine = await startEngine({ flags: [`--config-file=${engineConfig}`] });
  t.teardown(async () => {
    await engine.stop();
    next.close();
    next.closeAllConnections();
    await door.stop();
    rmSync(nextSocket, { force: true });
    rmSync(scratch, { recursive: true, force: true });
  });
  await buildImages(engine);
  const daemon = await startDaemon({
    ...{ dockerHost: engine.host, mode: "enforce", rules, policies },
    config: { plugin: { socket: door.socket, on_failure: "deny", deadline: "10s" } },
  });
  t.teardown(async () => {
    await engine.stop();
    await daemon.stop();
  });
  const done = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await engine.docker(...args);
    if (code !== 0) throw new Error(`docker ${args.join(" ")}: ${stderr}`);
    return stdout.trim();
  };
  const directory = (path: string): string => {
    mkdirSync(join(scratch, path));
    return join(scratch, path);
  };
  const link = join(scratch, "link");
  /** In one move, as whoever races would. */
  const lead = (target: string): void => {
    symlinkSync(target, `${link}.new`);
    renameSync(`${link}.new`, link);
  };
  const harmless = directory("harmless");
  const other = directory("other");
  const sleep = [images.busybox, "/bin/sleep", "600"];
  const alertOf = (rule: string, container: string): Promise<AlertLine> =>
    daemon.alert((alert) => alert.rule === rule && alert.execwarden.container?.name === container);
  const alertsOf = (container: string): readonly string[] =>
    daemon.alerts
      .filter(({ execwarden }) => execwarden.container?.name === container)
      .map(({ rule }) => rule);

  await t.test("of whose start nobody was asked: the rules' places are told", async (t) => {
    const bare = ["run", "-d", "--network=none"];
    await done("volume", "create", "-o", "type=none", "-o", "o=bind", "-o", "device=/etc", "etc");
    await done(...bare, "--name=plain", "-v", `${harmless}:/x`, "-v", "own:/y", ...sleep);
    await done(...bare, "--name=bound", "-v", "/etc:/x", "-v", `${harmless}:/y`, ...sleep);
    await done(...bare, "--name=volume", "-v", "etc:/x", ...sleep);
    for (const container of ["bound", "volume"]) {
      const alert = await alertOf(unjudged, container);
      t.match(alert, {
        priority: "Notice",
        execwarden: {
          docker_event: {
            action: "mount_check",
            mounts: [{ destination: "/x", found: "/etc" }],
          },
        },
      });
    }
    t.strictSame(alertsOf("plain"), [], "a path of nobody's");
    await done("rm", "-f", "plain", "bound", "volume");
  });

  await t.test("a link that is changed after the answer", async (t) => {
    const plugins = [door.name, nextName];
    writeFileSync(engineConfig, JSON.stringify({ "authorization-plugins": plugins }));
    await engine.restart();
    lead(harmless);
    await done("create", "--network=none", "--name=raced", "-v", `${link}:/x`, ...sleep);
    between = (uri) => {
      if (uri.includes("/start")) lead("/etc");
    };
    await done("start", "raced");
    between = undefined;
    const alert = await alertOf(otherMounts, "raced");
    t.match(alert, {
      priority: "Critical",
      output_fields: {
        "docker.event.mounts": "/x",
        "docker.event.mounts.judged": harmless,
        "docker.event.mounts.found": "/etc",
        "docker.event.mounts.reach": /etc/,
      },
      execwarden: { outcomes: [{ action: "kill", status: "done" }] },
    });
    t.equal(await done("wait", "raced"), "137", "the policy has killed it");
  });

  await t.test("a link that stays as it was, a directory that the engine makes", async (t) => {
    lead(harmless);
    const made = join(scratch, "made", "by", "the", "engine");
    const binds = ["-v", `${link}:/x`, "-v", `${made}:/y`, "-v", `${harmless}:/var/run/z`];
    await done("run", "-d", "--network=none", "--name=calm", ...binds, "-v", "own:/v", ...sleep);
    await done("restart", "-t0", "calm");
    // Told later, and judged after it.
    await done("create", "--network=none", "--name=after", "-v", `${link}:/x`, ...sleep);
    between = (uri) => {
      if (uri.includes("/start")) lead(other);
    };
    await done("start", "after");
    between = undefined;
    const alert = await alertOf(otherMounts, "after");
    t.equal(alert.output_fields["docker.event.mounts.found"], other, "harmless, and another one");
    t.strictSame(alertsOf("calm"), []);
    t.strictSame(alertsOf("after"), [otherMounts], "once");
  });

  await t.test("a volume that is a bind by a link", async (t) => {
    lead(harmless);
    const options = ["type=none", "o=bind", `device=${link}`].flatMap((one) => ["-o", one]);
    await done("volume", "create", ...options, "linked");
    await done("create", "--network=none", "--name=voluminous", "-v", "linked:/x", ...sleep);
    lead("/etc");
    const off = /refused by the policy .?"Keep off the host/;
    t.match((await engine.docker("start", "voluminous")).stderr, off, "changed before the start");
    lead(harmless);
    between = (uri) => {
      if (uri.includes("/start")) lead("/etc");
    };
    await done("start", "voluminous");
    between = undefined;
    const alert = await alertOf(otherMounts, "voluminous");
    t.equal(alert.output_fields["docker.event.mounts.found"], "/etc");
    t.equal(await done("wait", "voluminous"), "137");
  });

  await t.test("a start of the engine's own, by the restart policy", async (t) => {
    lead(harmless);
    const script = "until [ -e /x/go ]; do sleep 0.1; done; exit 1";
    const flags = ["--network=none", "--name=again", "--restart=always", "-v", `${link}:/x`];
    await done("run", "-d", ...flags, images.busybox, "/bin/sh", "-c", script);
    lead("/etc");
    writeFileSync(join(harmless, "go"), "");
    const alert = await alertOf(otherMounts, "again");
    t.match(alert.output_fields, {
      "docker.event.mounts.judged": harmless,
      "docker.event.mounts.found": "/etc",
    });
  });
}
