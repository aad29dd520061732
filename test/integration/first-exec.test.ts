// The first exec of a container, and of a `docker exec`, is refused as any other one, also while a flood of execs in another
// container keeps the machine busy: not once late. The quick form has few starts; FIRST_EXEC=full has 500 of each.
// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { startDaemon } from "../support/daemon.ts";
import { requireEngine, startEngine, type CommandResult } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";

const starts = process.env["FIRST_EXEC"] === "full" ? 500 : 12;
const lanes = 4;
const policies = `
policies:
  - name: No web fetch
    rules: [Run Web Fetch Program in Container]
    scope: container.name != flooded
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
  const daemon = await startDaemon({
    ...{ dockerHost: engine.host, mode: "enforce", policies, gate: "10s" },
  });
  t.teardown(() => daemon.stop());
  for (const name of ["flooded", "box"]) {
    const options = ["--network=none", `--volume=${tools}:/tools`, "--entrypoint=/bin/sleep"];
    await engine.docker("run", "--detach", `--name=${name}`, ...options, images.curl, "86400");
  }
  const flood = "while :; do /tools/flood loop 1000 /bin/true; done";
  await engine.docker("exec", "--detach", "flooded", "/bin/sh", "-c", flood);

  for (const [name, words] of [
    ["an entry point", ["run", "--rm", "--network=none", images.curl, "-V"]],
    ["docker exec", ["exec", "box", "/usr/bin/curl", "-V"]],
  ] as const) {
    await t.test(`${name} is denied, ${starts} times of ${starts}`, async (t) => {
      const before = daemon.alerts.length;
      const ends = await inLanes(() => engine.docker(...words));
      const ran = ends.filter(({ stdout }) => stdout.includes("curl"));
      t.equal(ran.length, 0, "none ran");
      // A client that had no time left to answer has refused nothing, and started nothing.
      const denied = ends.filter(({ stderr }) => /operation not permitted/i.test(stderr));
      t.equal(denied.length, starts, ends.find((end) => !denied.includes(end))?.stderr ?? "");
      await daemon.alert((alert) => daemon.alerts.indexOf(alert) >= before + starts - 1);
      const told = daemon.alerts.slice(before);
      t.equal(told.length, starts);
      t.ok(told.every(({ execwarden }) => execwarden.verdict === "deny"));
    });
  }

  await t.test("not once late, and nothing was lost", async (t) => {
    const { counters } = (await daemon.status()).gate;
    t.equal(counters.denied, 2 * starts);
    t.match(counters, { deadlinesMissed: 0, lost: 0, containerUnknown: 0, decisionFailures: 0 });
    t.ok(counters.seen > 2 * starts + 100, `beside ${counters.seen} execs`);
  });
}

/** Does it `starts` times, a few at a time. */
async function inLanes(work: () => Promise<CommandResult>): Promise<readonly CommandResult[]> {
  const results: CommandResult[] = [];
  let begun = 0;
  const lane = async (): Promise<void> => {
    while (begun < starts) {
      begun += 1;
      results.push(await work());
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}
