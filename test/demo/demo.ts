// `make demo`: the main job, shown on an engine of its own. Needs root, Docker's programs, curl and busybox.
// Nothing of the machine's own engine is touched, and nothing is left behind, also after Ctrl-C.
// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from "node:util";
import { engineMissing } from "../support/engine.ts";
import { imagesMissing } from "../support/images.ts";
import { createScreen, type Screen, type TableRow } from "./screen.ts";
import { scenes } from "./scenes.ts";
import { Stage } from "./stage.ts";

const help = `Usage: make demo   (or: node dist-tools/test/demo/demo.js [--help])

Starts a private Docker engine, a web server on loopback and execwarden, and shows what happens when a
container runs curl: an event; no event for an allowed image; refused; paused; killed; and docker run
refused at the engine's door.

Needs root, docker.io, busybox-static and curl. Takes about half a minute; Ctrl-C ends it and cleans up.
Exit code: 0 when everything was as expected, 1 when not, 2 for unknown arguments, 130 after Ctrl-C.
`;

const usageError = 2;
const interrupted = 130;

async function play(screen: Screen, stage: Stage): Promise<number> {
  screen.line("execwarden demo: curl in a container becomes a policy event, and can be refused\n");
  await stage.build();
  const rows: TableRow[] = [];
  for (const [index, scene] of scenes.entries()) {
    screen.heading(index + 1, scene.title, scene.detail);
    await stage.restartDaemon(scene.setup);
    const { holds, seen } = await scene.play(stage);
    screen.verdict(holds, seen);
    if (!holds) screen.printed(`The daemon's log:\n${stage.daemonLog()}`);
    rows.push({ holds, cells: [scene.name, scene.expected, seen] });
  }
  screen.line();
  screen.table(rows);
  return rows.every(({ holds }) => holds) ? 0 : 1;
}

/** Resolves when a person or a service manager wants an end. */
function stopAsked(): Promise<number> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      // Kept for good: a second Ctrl-C must not cut the cleaning up short.
      process.on(signal, () => {
        resolve(interrupted);
      });
    }
  });
}

async function main(): Promise<number> {
  const { positionals, values } = parseArgs({
    options: { help: { type: "boolean", short: "h" } },
    allowPositionals: true,
    strict: false,
  });
  const [unknown] = [...positionals, ...Object.keys(values).filter((name) => name !== "help")];
  if (unknown !== undefined) {
    process.stderr.write(`cannot read argument "${unknown}"; try --help\n`);
    return usageError;
  }
  if (values.help !== undefined) {
    process.stdout.write(help);
    return 0;
  }
  const missing = engineMissing() ?? imagesMissing();
  if (missing !== undefined) {
    process.stderr.write(`cannot run the demo: ${missing}\n`);
    return 1;
  }
  const screen = createScreen(process.stdout, process.env);
  const stage = new Stage(screen);
  const played = play(screen, stage);
  try {
    return await Promise.race([played, stopAsked()]);
  } catch (error) {
    process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  } finally {
    screen.line();
    const step = screen.step("cleaning up");
    await stage.strike();
    await Promise.allSettled([played]);
    step.finish();
  }
}

process.exitCode = await main();
