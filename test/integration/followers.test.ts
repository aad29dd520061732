// A hundred readers of the events at once, half of which read nothing: whoever reads gets all, and nobody waits.
// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import t from "tap";
import { startDaemon } from "../support/daemon.ts";
import { requireEngine, startEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";
import { until } from "../support/until.ts";

const quickCount = 50;
const slowCount = 50;
/** More than are held for a reader, and than a socket's buffers take. */
const execs = 2_000;
const waitMs = 120_000;

const rules = `
- rule: Every True
  desc: every run of true in every container
  condition: evt.type in (execve, execveat) and container and proc.name = true
  output: "%proc.cmdline"
  priority: NOTICE
`;
const policies = `policies:
  - { name: No id, rules: [Never Id], mode: enforce, actions: [deny] }
`;
const neverId = rules.replace("Every True", "Never Id").replace("= true", "= id");

async function follow(socketPath: string): Promise<IncomingMessage> {
  const path = "/v1/events?follow=1&fields=proc.cmdline&format=text";
  const asked = request({ socketPath, path, agent: false }).end();
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  return answer.on("error", () => undefined);
}

if (requireEngine(t)) {
  const engine = await startEngine();
  t.teardown(() => engine.stop());
  await buildImages(engine);
  const daemon = await startDaemon({
    ...{ dockerHost: engine.host, mode: "enforce", rules: rules + neverId, policies },
    config: { outputs: { queue: { alerts: 100_000, size: "1GiB" } } },
  });
  t.teardown(() => daemon.stop());
  await engine.docker(
    ...["run", "--detach", "--network=none", "--name=box", images.busybox],
    ...["/bin/sleep", "600"],
  );

  await t.test("100 followers", async (t) => {
    const heard: { text: string }[] = [];
    const answers: IncomingMessage[] = [];
    t.teardown(() => {
      for (const answer of answers) answer.destroy();
    });
    for (let index = 0; index < quickCount; index++) {
      const answer = await follow(daemon.socket);
      const reader = { text: "" };
      answer.on("data", (chunk: Buffer) => (reader.text += chunk.toString()));
      heard.push(reader);
      answers.push(answer);
    }
    for (let index = 0; index < slowCount; index++) answers.push(await follow(daemon.socket));
    t.match((await daemon.status()).control, { followers: quickCount + slowCount });

    const padding = "x".repeat(500);
    const loop = `i=0; while [ $i -lt ${execs} ]; do /bin/true $i ${padding} || exit 9; i=$((i+1)); done`;
    t.equal((await engine.docker("exec", "box", "/bin/sh", "-c", loop)).code, 0, "all are let go");
    const expected = Array.from({ length: execs }, (_, index) => `true ${index} ${padding}\n`);
    const whole = expected.join("");
    await until(() => heard.every(({ text }) => text.length >= whole.length), waitMs);
    t.ok(
      heard.every(({ text }) => text === whole),
      "each that reads has every event, once and in order",
    );
    t.not((await engine.docker("exec", "box", "/bin/id")).code, 0, "what is to be refused is");
    const { control, gate } = await daemon.status();
    t.ok(control.alertsLost > 0, `${control.alertsLost} lost to those who read nothing, counted`);
    t.match(gate.counters, { deadlinesMissed: 0, lost: 0, alertsLost: 0 });
  });
}
