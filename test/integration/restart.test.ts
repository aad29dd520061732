// A daemon that is killed while its gate is kept: no exec of a container that runs passes meanwhile, none waits for ever.
// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { startDaemon } from "../support/daemon.ts";
import { requireEngine, startEngine } from "../support/engine.ts";
import { fdStore } from "../support/fd-store.ts";
import { buildImages, images } from "../support/images.ts";

const policies = `
policies:
  - name: No web fetch
    rules: [Run Web Fetch Program in Container]
    scope: container.name = held
    mode: enforce
    actions: [deny]
`;

if (requireEngine(t)) {
  const engine = await startEngine();
  t.teardown(() => engine.stop());
  await buildImages(engine);
  const tools = join(engine.directory, "tools");
  mkdirSync(tools);
  const source = fileURLToPath(new URL("../support/flood.c", import.meta.url));
  execFileSync("gcc", ["-static", "-O1", "-o", join(tools, "flood"), source]);
  const flood = async (name: string, count: number, ...program: readonly string[]) => {
    const { stdout } = await engine.docker(
      ...["exec", name, "/tools/flood", "loop", String(count)],
      ...program,
    );
    return stdout.trim();
  };

  await t.test(
    "SIGKILL in a loop of curls: none runs until the next daemon is there",
    async (t) => {
      const directory = mkdtempSync(join(engine.directory, "manager-"));
      const daemon = await startDaemon({
        ...{ dockerHost: engine.host, mode: "enforce", policies, gate: "10s", onDeadline: "deny" },
        runBy: fdStore(directory, 1_000),
        keepOverRestart: true,
      });
      t.teardown(() => daemon.stop());
      await daemon.logged("fd-store: stored");
      for (const name of ["held", "observed"]) {
        const options = ["--network=none", `--volume=${tools}:/tools`, "--entrypoint=/bin/sleep"];
        await engine.docker("run", "--detach", `--name=${name}`, ...options, images.curl, "600");
        t.teardown(() => engine.docker("rm", "--force", name));
      }
      const first = await daemon.status();
      const count = 1_500;
      const curls = flood("held", count, "/usr/bin/curl", "-V");
      const trues = flood("observed", count, "/bin/true");
      await daemon.alert(({ execwarden }) => execwarden.verdict === "deny");
      process.kill(first.pid, "SIGKILL");
      await daemon.logged("fd-store: ended");
      t.equal(await curls, `ran 0 refused ${count}`, "in spite of the second without a daemon");
      const took = await daemon.logged("took over the gate of the daemon before");
      t.match(took, { answer: "deny" });
      const [ran = 0, refused = 0] = (await trues).match(/\d+/g)?.map(Number) ?? [];
      t.equal(ran + refused, count);
      t.ok(refused <= Number(took["unanswered"]), `${refused} had been read, and not answered`);
      const second = await daemon.status();
      t.not(second.pid, first.pid);
      t.ok(second.gate.counters.denied > 0, "the next one refused the rest");
      t.match(second, {
        gate: { counters: { inherited: took["unanswered"], deadlinesMissed: 0 } },
        blind: [
          {
            what: "execs",
            reason: "the daemon ended suddenly; only containers that were started then went unseen",
          },
        ],
      });
      t.equal(await daemon.stop(), 0);
      t.match(await flood("held", 1, "/usr/bin/curl", "-V"), /^ran 1 refused 0$/m, "it is closed");
    },
  );

  await t.test("without a service manager that keeps it, that is said", async (t) => {
    const daemon = await startDaemon({ dockerHost: engine.host, keepOverRestart: true });
    t.teardown(() => daemon.stop());
    await daemon.logged(
      "gate.keep_over_restart has no effect: no service manager that keeps descriptors started the daemon",
    );
  });
}
