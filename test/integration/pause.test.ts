// Maintenance: enforcement paused for a while, on a real engine.
// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { startDaemon } from "../support/daemon.ts";
import { requireEngine, startEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";

const rules = `
- rule: Every True
  desc: every run of true in every container
  condition: evt.type in (execve, execveat) and container and proc.name = true
  output: "true (cmdline=%proc.cmdline)"
  priority: NOTICE
`;
const policies = `policies:
  - name: No true
    severity: high
    rules: [Every True]
    mode: enforce
    actions: [deny, pause: container]
`;

if (requireEngine(t)) {
  const engine = await startEngine();
  t.teardown(() => engine.stop());
  await buildImages(engine);

  await t.test(
    "paused, nothing is refused or done; resumed, or over, all is as before",
    async (t) => {
      const files = { dockerHost: engine.host, mode: "enforce" as const, rules };
      const daemon = await startDaemon({
        ...files,
        policies: policies.replace(", pause: container", ""),
      });
      t.teardown(() => daemon.stop());
      await engine.docker(
        "run",
        "--detach",
        "--network=none",
        "--name=box",
        images.busybox,
        "/bin/sleep",
        "600",
      );
      t.teardown(() => engine.docker("rm", "--force", "box"));
      const runTrue = async (word: string): Promise<number> =>
        (await engine.docker("exec", "box", "/bin/true", word)).code;
      t.not(await runTrue("before"), 0, "refused");
      const paused = await daemon.run("pause", "--for", "10m", "--reason", "ticket 4711");
      t.match(paused, {
        code: 0,
        stdout: /^enforcement is paused until .* by root \(pid \d+\)\n$/,
      });
      const told = await daemon.alert(({ rule }) => rule === "Enforcement Paused");
      t.match(told, {
        ...{ priority: "Notice", source: "execwarden" },
        output: /^.*Enforcement is paused \(by=root \(pid \d+\) until=.* reason=ticket 4711\)$/,
        output_fields: { "execwarden.reason": "ticket 4711" },
      });
      daemon.rewrite({ ...files, policies });
      t.equal((await daemon.post("/v1/reload")).code, 200, "a reload does not end it");
      t.equal(await runTrue("meanwhile"), 0);
      const { execwarden } = await daemon.alert(({ output }) => output.includes("true meanwhile"));
      t.match(execwarden, { verdict: "allow", held: false });
      t.equal(execwarden.outcomes.length, 2, "what would have been done is told");
      for (const outcome of execwarden.outcomes) {
        t.match(outcome, {
          status: "would-do",
          detail: /^enforcement is paused by root \(pid \d+\) until .*: ticket 4711$/,
        });
      }
      t.match(
        (await daemon.run("status")).stdout,
        /^PAUSED +nothing is enforced until .*ticket 4711$/m,
      );
      t.match(await daemon.run("resume"), { code: 0 });
      t.not(await runTrue("after"), 0, "refused again");
      // The container is paused after the exec was refused.
      const { execwarden: again } = await daemon.alert(({ output }) => {
        return output.includes("true after");
      });
      t.match(again.outcomes, [
        { action: "deny", status: "done" },
        { action: "pause", status: "done" },
      ]);
      await engine.docker("unpause", "box");
      t.match(await daemon.run("pause", "--for", "1s"), { code: 0 });
      await daemon.logged("enforcement is resumed", ({ by }) => by === "the end of its time");
      await daemon.alert(({ output }) =>
        output.includes("Enforcement is resumed (by=the end of its time)"),
      );
      t.not(await runTrue("over"), 0, "refused when its time is over");
      t.match(await daemon.run("pause"), { code: 2, stderr: /add --for 10m/ });
    },
  );
}
