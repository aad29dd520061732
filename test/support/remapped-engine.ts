// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEngine, type TestEngine } from "./engine.ts";

/** An engine that puts containers into a user namespace. */
export interface RemappedEngine {
  readonly engine: TestEngine;
  /** Runs a daemon where it sees the engine's mounts. */
  readonly runBy: readonly string[];
}

/** The host's id of root in a container. */
const firstId = 231_072;
// dockerd reads these two files only: it gets its own, in a mount namespace, and the machine's stay as they are.
const inNamespace = `
ids=$1; shift
mount --bind "$ids/ids" /etc/subuid && mount --bind "$ids/ids" /etc/subgid || exit 1
echo $$ >"$ids/pid"
exec "$@"
`;

/** Starts an engine with `userns-remap`: ids of its containers begin at 231072. */
export async function startRemappedEngine(): Promise<RemappedEngine> {
  const directory = mkdtempSync(join(tmpdir(), "remapped-"));
  writeFileSync(
    join(directory, "ids"),
    ["nobody", "nogroup"].map((name) => `${name}:${firstId}:65536\n`).join(""),
  );
  const remove = (): void => {
    rmSync(directory, { recursive: true, force: true });
  };
  const engine = await startEngine({
    flags: ["--userns-remap=nobody:nogroup"],
    runBy: ["unshare", "--mount", "/bin/sh", "-c", inNamespace, "in-namespace", directory],
  }).catch((error: unknown) => {
    remove();
    throw error;
  });
  const pid = readFileSync(join(directory, "pid"), "utf8").trim();
  return {
    engine: {
      ...engine,
      stop: async () => {
        await engine.stop();
        remove();
      },
    },
    runBy: ["nsenter", `--mount=/proc/${pid}/ns/mnt`],
  };
}
