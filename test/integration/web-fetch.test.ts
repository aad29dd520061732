// The main job on a real engine: a curl in a container becomes a policy event, and can be refused.
// SPDX-License-Identifier: Apache-2.0
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import t, { type TAP } from "tap";
import { startDaemon, type DaemonOptions, type TestDaemon } from "../support/daemon.ts";
import { requireEngine, startEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";

const webFetch = "Run Web Fetch Program in Container";

function policy(action: string, extra = ""): string {
  return `policies:
  - name: No web fetch
    severity: high
    runbook: https://wiki.example.com/web-fetch
    rules: [${webFetch}]
    mode: enforce
    actions: [${action}]
${extra}`;
}

if (requireEngine(t)) {
  const engine = await startEngine();
  t.teardown(() => engine.stop());
  await buildImages(engine);
  let requests = 0;
  const server = createServer((_request, response) => {
    requests += 1;
    response.end("hello\n");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const run = (...args: readonly string[]): ReturnType<typeof engine.docker> =>
    engine.docker("run", "--rm", "--network=host", ...args);
  const withDaemon = async (
    t: Pick<TAP, "equal">,
    options: Omit<DaemonOptions, "dockerHost">,
    work: (daemon: TestDaemon) => Promise<void>,
  ): Promise<void> => {
    const daemon = await startDaemon({ dockerHost: engine.host, ...options });
    try {
      await work(daemon);
    } finally {
      t.equal(await daemon.stop(), 0, "the daemon stops when it is told to");
    }
  };

  await t.test("monitor: curl runs, and the event tells everything", (t) =>
    withDaemon(t, { policies: policy("deny, pause: container") }, async (daemon) => {
      const { stdout, code } = await run(
        "--name=fetcher",
        "--label=com.docker.compose.project=shop",
        "--label=com.docker.compose.service=web",
        images.curl,
        "-s",
        url,
      );
      t.equal(code, 0);
      t.equal(stdout, "hello\n");
      const alert = await daemon.alert(({ rule }) => rule === webFetch);
      t.equal(alert.priority, "Informational");
      t.match(alert.output, images.curl);
      t.match(alert.output_fields, { "container.image.repository": images.curl });
      t.match(alert.execwarden, {
        verdict: "allow",
        process: { exepath: "/usr/bin/curl", cmdline: `/usr/bin/curl -s ${url}`, vpid: 1 },
        user: { uid: 0, name: "root" },
        container: {
          name: "fetcher",
          image: { repository: images.curl, normalized_repository: `docker.io/${images.curl}` },
          compose: { project: "shop", service: "web" },
          network_mode: "host",
          privileged: false,
        },
        outcomes: [
          { action: "deny", status: "would-do" },
          { action: "pause", status: "would-do" },
        ],
      });
      t.ok(alert.execwarden.engine?.["version"], "the engine is told");
      t.ok(alert.execwarden.host["kernel"], "the host is told");
    }),
  );

  await t.test("an image on the allowlist raises no event", (t) =>
    withDaemon(
      t,
      { allowlist: `allowlists: { web_fetch: { images: [${images.curl}] } }\n` },
      async (daemon) => {
        t.equal((await run(images.curl, "-s", url)).code, 0);
        // The next container is not on the list: its event comes after the one that must not be there.
        await run("--entrypoint=/bin/wget", "--name=marker", images.busybox, "-q", "-O-", url);
        await daemon.alert(({ execwarden }) => execwarden.container?.name === "marker");
        t.equal(daemon.alerts.length, 1, "only the marker");
      },
    ),
  );

  await t.test("deny: curl never starts", (t) =>
    withDaemon(t, { mode: "enforce", policies: policy("deny") }, async (daemon) => {
      const before = requests;
      const { code, stdout, stderr } = await run(images.curl, "-s", url);
      t.not(code, 0);
      t.match(`${stdout}${stderr}`, /operation not permitted/i);
      t.equal(requests, before, "no request came");
      const alert = await daemon.alert(({ rule }) => rule === webFetch);
      t.match(alert.execwarden, {
        verdict: "deny",
        held: true,
        outcomes: [{ action: "deny", status: "done" }],
      });
      t.match((await daemon.status()).gate.counters, { denied: 1, deadlinesMissed: 0, lost: 0 });
    }),
  );

  await t.test("deny: docker exec, a shell, a script, a link; never what is not curl", (t) =>
    withDaemon(t, { mode: "enforce", policies: policy("deny") }, async (daemon) => {
      await run("--detach", "--name=box", "--entrypoint=/bin/sleep", images.curl, "600");
      const inside = (...args: readonly string[]): ReturnType<typeof engine.docker> =>
        engine.docker("exec", "box", ...args);
      const script = "printf '#!/bin/sh\\n/usr/bin/curl -V\\n' >/tmp/s; chmod 755 /tmp/s";
      t.equal((await inside("/bin/sh", "-c", script)).code, 0);
      t.equal((await inside("/bin/ln", "-s", "/usr/bin/curl", "/tmp/link")).code, 0);
      for (const row of [
        { name: "docker exec", argv: ["/usr/bin/curl", "-V"] },
        { name: "a shell", argv: ["/bin/sh", "-c", "/usr/bin/curl -V"] },
        { name: "a script", argv: ["/tmp/s"] },
        { name: "a symbolic link", argv: ["/tmp/link", "-V"] },
        { name: "another argv[0]", argv: ["/bin/sh", "-c", "exec -a x /usr/bin/curl -V"] },
      ]) {
        const { code, stdout } = await inside(...row.argv);
        t.not(code, 0, row.name);
        t.notMatch(stdout, /^curl /, `${row.name}: nothing ran`);
      }
      t.equal((await inside("/bin/ls", "/")).code, 0, "ls runs");
      await daemon.alert(({ execwarden }) => execwarden.process.exepath === "/usr/bin/curl");
      t.ok(daemon.alerts.every(({ execwarden }) => execwarden.verdict === "deny"));
      const ofScript = await daemon.alert(({ execwarden }) =>
        execwarden.ancestors.some(({ name }) => name === "s"),
      );
      t.match(ofScript.execwarden.ancestors[0], { name: "s", cmdline: /\/tmp\/s/ });
      await engine.docker("kill", "box");
    }),
  );

  await t.test("a copied and renamed curl is seen for what it is: another file", (t) => {
    const rules = `
- rule: Run Program From Tmp
  desc: something that is not of the image
  condition: evt.type in (execve, execveat) and container and proc.exepath startswith /tmp/
  output: ran %proc.exepath in %container.name
  priority: WARNING
`;
    return withDaemon(t, { rules }, async (daemon) => {
      const copy = "/bin/cp /usr/bin/curl /tmp/x && /tmp/x -V";
      await run("--entrypoint=/bin/sh", images.curl, "-c", copy);
      const alert = await daemon.alert(({ rule }) => rule === "Run Program From Tmp");
      t.equal(alert.execwarden.process.exepath, "/tmp/x");
      t.equal(daemon.alerts.length, 1, "and no name-based rule is fooled into seeing curl");
    });
  });

  const state = async (name: string): Promise<string> =>
    (await engine.docker("inspect", "--format={{.State.Status}}", name)).stdout.trim();

  for (const row of [
    { name: "pause", action: "pause: container", outcome: "pause", state: "paused" },
    { name: "stop", action: "stop: container", outcome: "stop", state: "exited" },
    { name: "kill", action: "kill: container", outcome: "kill-container", state: "exited" },
  ]) {
    await t.test(`${row.name} the container`, (t) =>
      withDaemon(t, { mode: "enforce", policies: policy(row.action) }, async (daemon) => {
        const name = `victim-${row.name}`;
        const loop = `trap "exit 0" TERM; /usr/bin/curl -s ${url}; while true; do /bin/sleep 1; done`;
        const options = ["--detach", `--name=${name}`, "--network=host", "--entrypoint=/bin/sh"];
        await engine.docker("run", ...options, images.curl, "-c", loop);
        const alert = await daemon.alert(({ rule }) => rule === webFetch);
        t.match(alert.execwarden.outcomes, [{ action: row.outcome, status: "done" }]);
        t.equal(await state(name), row.state);
        await engine.docker("rm", "--force", name);
      }),
    );
  }

  await t.test("kill the process, and leave its container alone", (t) =>
    withDaemon(t, { mode: "enforce", policies: policy("kill: process") }, async (daemon) => {
      const hang = createServer(() => undefined).listen(0, "127.0.0.1");
      await once(hang, "listening");
      const slow = `http://127.0.0.1:${(hang.address() as AddressInfo).port}/`;
      const script = `/usr/bin/curl -s ${slow}; echo "curl ended with $?"`;
      const { stdout, code } = await run("--entrypoint=/bin/sh", images.curl, "-c", script);
      hang.closeAllConnections();
      hang.close();
      t.equal(code, 0);
      t.match(stdout, "curl ended with 137");
      const alert = await daemon.alert(({ rule }) => rule === webFetch);
      t.match(alert.execwarden.outcomes, [{ action: "kill-process", status: "done" }]);
    }),
  );

  await t.test("a policy holds in its scope, and never where it is told not to", (t) => {
    const extra = `    scope: container.label[com.docker.compose.project] = prod\n    never: [name:spared]\n`;
    return withDaemon(t, { mode: "enforce", policies: policy("deny", extra) }, async (daemon) => {
      const prod = "--label=com.docker.compose.project=prod";
      t.equal((await run(images.curl, "-s", url)).code, 0, "out of scope");
      t.equal((await run(prod, "--name=spared", images.curl, "-s", url)).code, 0, "never");
      t.not((await run(prod, images.curl, "-s", url)).code, 0, "in scope");
      t.equal((await daemon.status()).gate.counters.denied, 1);
    });
  });

  await t.test("nothing is left", async (t) => {
    // What was killed is removed by the engine in its own time.
    const left = async (): Promise<string> => (await engine.docker("ps", "-aq")).stdout;
    for (let tries = 0; tries < 300 && (await left()) !== ""; tries++) await delay(100);
    t.equal(await left(), "", "no container");
  });
}
