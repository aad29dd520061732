// RUN of a build by BuildKit: a container that the engine's API tells nothing of.
// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { buildkitOf } from "../support/buildkit.ts";
import { startContainerdStore } from "../support/containerd-store.ts";
import { startDaemon, type AlertLine, type TestDaemon } from "../support/daemon.ts";
import {
  requireEngine,
  startEngine,
  type CommandResult,
  type TestEngine,
} from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";

const fetches = "rules: [Run Web Fetch Program in Container]";
const denying = (more: string): string => `
policies:
  - { name: No curl, ${fetches}, mode: enforce, actions: [${more}] }
`;
const outsideBuilds = `
policies:
  - name: No curl
    ${fetches}
    scope: container.type != buildkit
    mode: enforce
    actions: [deny]
`;

const step = { type: "buildkit", name: /^buildkit-[0-9a-z]{12}$/, id: /^[0-9a-z]{25}$/ };

const ofCommand =
  (cmdline: string) =>
  ({ execwarden }: AlertLine): boolean =>
    execwarden.process.cmdline === cmdline;

/** Builds with these lines after FROM. */
async function build(engine: TestEngine, ...lines: readonly string[]): Promise<CommandResult> {
  const directory = mkdtempSync(join(engine.directory, "build-"));
  const text = [`FROM ${images.curl}`, "ENTRYPOINT []", ...lines, ""].join("\n");
  writeFileSync(join(directory, "Dockerfile"), text);
  return (await buildkitOf(engine)).build("--no-cache", "--tag=built:1", directory);
}

async function start(t: Test, engine: TestEngine, policies: string): Promise<TestDaemon> {
  const daemon = await startDaemon({ dockerHost: engine.host, mode: "enforce", policies });
  t.teardown(() => daemon.stop());
  return daemon;
}

async function tryBuilds(t: Test, engine: TestEngine): Promise<void> {
  await t.test("a step is a container of its own, and says what it is", async (t) => {
    const daemon = await start(t, engine, "policies: []");
    const built = await build(engine, "RUN /usr/bin/curl --version");
    t.equal(built.code, 0, built.stderr);
    const alert = await daemon.alert(ofCommand("/usr/bin/curl --version"));
    t.match(alert.output_fields, { "container.image.repository": "BuildKit" });
    t.match(alert.execwarden, { verdict: "allow", container: step });
    const { gate } = await daemon.status();
    t.match(gate.counters, { containerUnknown: 0, deadlinesMissed: 0, lost: 0 });
  });

  await t.test("a step is refused what containers are refused, on all its mounts", async (t) => {
    const daemon = await start(t, engine, denying("deny, { pause: container }"));
    const built = await build(engine, "USER app", "RUN /bin/true; /usr/bin/curl --version");
    t.not(built.code, 0);
    t.match(built.stderr, /operation not permitted/i);
    const { execwarden, output } = await daemon.alert(ofCommand("/usr/bin/curl --version"));
    t.match(execwarden, {
      ...{ verdict: "deny", held: true, container: step, user: { name: "app", uid: 1000 } },
      outcomes: [
        { action: "deny", status: "done" },
        { action: "pause", status: "not-possible" },
      ],
    });
    t.notMatch(output, "<NA>");
    for (const type of ["tmpfs", "cache"]) {
      const copying = "cp /usr/bin/curl /mnt/curl; /mnt/curl --version";
      const { stderr } = await build(engine, `RUN --mount=type=${type},target=/mnt ${copying}`);
      t.match(stderr, /operation not permitted/i, `a copy on a ${type}`);
    }
    const { gate } = await daemon.status();
    t.match(gate.counters, { containerUnknown: 0, deadlinesMissed: 0 });
  });

  await t.test("a policy may leave builds alone", async (t) => {
    const daemon = await start(t, engine, outsideBuilds);
    const built = await build(engine, "RUN /usr/bin/curl --version");
    t.equal(built.code, 0, built.stderr);
    const run = await engine.docker("run", "--rm", "--network=none", images.curl, "--version");
    t.match(run.stderr, /operation not permitted/i, "containers are refused it all the same");
    t.match(await daemon.alert(({ execwarden }) => execwarden.verdict === "deny"), {
      execwarden: { container: { image: { repository: images.curl } } },
    });
  });
}

async function tryEngine(t: Test, engine: TestEngine): Promise<void> {
  const { missing } = await buildkitOf(engine);
  if (missing !== undefined) {
    t.plan(0, missing);
    return;
  }
  await buildImages(engine);
  await tryBuilds(t, engine);
}

if (requireEngine(t)) {
  await t.test("with the engine's own image store", async (t) => {
    const engine = await startEngine();
    t.teardown(() => engine.stop());
    await tryEngine(t, engine);
  });

  await t.test("with containerd's", async (t) => {
    const store = await startContainerdStore();
    if ("missing" in store) {
      t.plan(0, store.missing);
      return;
    }
    t.teardown(() => store.engine.stop());
    await tryEngine(t, store.engine);
  });
}
