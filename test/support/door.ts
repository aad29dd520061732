// execwarden-authz between an engine and a daemon, under a name that nobody else has.
// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { TestDaemon } from "./daemon.ts";

// Seen from the sources, and from what is compiled of them for the demo.
const places = ["../..", "../../.."].map((root) =>
  fileURLToPath(
    new URL(`${root}/daemon/kernel/addon/build/Release/execwarden-authz`, import.meta.url),
  ),
);
/** The static program that the engine asks. */
export const authzProgram = places.find((path) => existsSync(path)) ?? "execwarden-authz";
// Where engines look for plugins (moby, pkg/plugins/discovery.go).
const pluginDirectory = "/run/docker/plugins";
let last = 0;

/** A door that an engine can be told of. */
export interface TestDoor {
  /** For `authorization-plugins` of daemon.json. */
  readonly name: string;
  /** For `plugin: socket:` of the daemon's settings. */
  readonly socket: string;
  /** To be called when the engine has ended: it would wait for its plugin. */
  stop(): Promise<void>;
}

/** Opens a door; what it answers while the daemon is away is `deny`. */
export async function openDoor(prefix = "execwarden-test"): Promise<TestDoor> {
  const name = `${prefix}-${process.pid}-${(last += 1)}`;
  const directory = mkdtempSync(join(tmpdir(), "door-"));
  const [socket, listen] = [join(directory, "authz.sock"), join(pluginDirectory, `${name}.sock`)];
  mkdirSync(pluginDirectory, { recursive: true });
  const child = spawn(authzProgram, [], {
    env: {
      EXECWARDEN_LISTEN: listen,
      EXECWARDEN_SOCKET: socket,
      EXECWARDEN_ON_FAILURE: "deny",
      EXECWARDEN_DEADLINE_MS: "60000",
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = once(child, "exit");
  await once(child.stderr, "data");
  child.stderr.resume();
  return {
    name,
    socket,
    stop: async () => {
      child.kill("SIGTERM");
      await exited;
      rmSync(listen, { force: true });
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Waits until an engine has asked the daemon about a request of the daemon's own. */
export async function untilAsked(daemon: TestDaemon): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if ((await daemon.status()).plugin.isAsked) return;
    await delay(100);
  }
  throw new Error("no engine asks");
}
