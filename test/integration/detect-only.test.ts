// A kernel without permission events: the daemon starts with the witness alone, and says what it cannot do.
// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { startDaemon } from "../support/daemon.ts";
import { requireEngine, startEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";

const rules = `
- rule: Echo in Container
  desc: every echo
  condition: evt.type in (execve, execveat) and container.id != host and proc.name = echo
  output: echo (args=%proc.args views=%evt.views finding=%evt.finding user=%user.name parent=%proc.pname)
  priority: WARNING
`;
const policies = `
policies:
  - name: No echo
    severity: high
    mode: enforce
    rules: [Echo in Container]
    actions: [deny]
`;

if (requireEngine(t)) {
  const engine = await startEngine();
  t.teardown(() => engine.stop());
  await buildImages(engine);
  const launcher = join(engine.directory, "no-fanotify");
  const source = fileURLToPath(new URL("../support/no-fanotify.c", import.meta.url));
  execFileSync("gcc", ["-O1", "-o", launcher, source]);

  for (const [name, errno] of [
    ["EINVAL: without permission events", 22],
    ["ENOSYS: without fanotify", 38],
  ] as const) {
    await t.test(name, async (t) => {
      const before = await engine.docker(
        ...["run", "--detach", "--network=none", images.busybox, "/bin/sleep", "300"],
      );
      t.equal(before.code, 0, before.stderr);
      const id = before.stdout.trim();
      t.teardown(() => engine.docker("rm", "--force", id));
      const daemon = await startDaemon({
        ...{ dockerHost: engine.host, rules, policies, mode: "enforce", witness: "gaps" },
        runBy: [launcher, String(errno)],
      });
      t.teardown(() => daemon.stop());
      t.match(daemon.log(), /detect-only: .*CONFIG_FANOTIFY_ACCESS_PERMISSIONS/);

      // One container that was there before, and one whose only exec is over at once.
      const old = await engine.docker("exec", id, "/bin/echo", "from", "the", "old", "one");
      t.equal(old.stdout, "from the old one\n", "it runs: nothing can be refused");
      const fresh = await engine.docker(
        ...["run", "--rm", "--network=none", `--name=fresh-${errno}`],
        ...[images.busybox, "/bin/echo", "from", "the", "new", "one"],
      );
      t.equal(fresh.code, 0, fresh.stderr);
      for (const which of ["old", "new"]) {
        const alert = await daemon.alert(({ output }) => output.includes(`from the ${which} one`));
        t.match(alert, {
          rule: "Echo in Container",
          output_fields: {
            "evt.views": "audit",
            "evt.finding": "no_gate",
            "user.name": "root",
            "container.image.repository": "busybox",
          },
          execwarden: {
            verdict: "allow",
            held: false,
            outcomes: [{ action: "deny", status: "not-possible", detail: /^detect-only: / }],
          },
        });
      }
      t.equal(daemon.alerts.length, 2, "each is told once");
      const status = await daemon.status();
      t.match(status, { gate: { isDetectOnly: true }, witness: { mode: "full", role: "owner" } });
      const told = await daemon.run("status");
      t.match(told.stdout, /DETECT-ONLY: .*boot a kernel with CONFIG_FANOTIFY/);
    });
  }

  await t.test("without the witness there is nothing to start", async (t) => {
    const start = startDaemon({ dockerHost: engine.host, runBy: [launcher, "22"] });
    await t.rejects(start, { message: /no permission events.*witness: \{ mode: full \}/s });
  });
}
