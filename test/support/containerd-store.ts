// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEngine, type TestEngine } from "./engine.ts";

/**
 * An engine that keeps its images with containerd, as engine 29 does by default, and asks these authorization plugins
 * from its next start on; or why there is none.
 */
export type ContainerdStore =
  | { readonly engine: TestEngine; readonly setPlugins: (...names: readonly string[]) => void }
  | { readonly missing: string };

/** Starts it; engines before 24 know nothing of that store, and keep their own. */
export async function startContainerdStore(): Promise<ContainerdStore> {
  const directory = mkdtempSync(join(tmpdir(), "engine-config-"));
  const file = join(directory, "daemon.json");
  const setPlugins = (...names: readonly string[]): void => {
    const plugins = names.length === 0 ? {} : { "authorization-plugins": names };
    const features = { "containerd-snapshotter": true };
    writeFileSync(file, JSON.stringify({ features, ...plugins }));
  };
  setPlugins();
  const remove = (): void => {
    rmSync(directory, { recursive: true, force: true });
  };
  const engine = await startEngine({ flags: [`--config-file=${file}`] }).catch((error: unknown) => {
    remove();
    throw error;
  });
  const stop = async (): Promise<void> => {
    await engine.stop();
    remove();
  };
  const { stdout } = await engine.docker("info", "--format={{.ServerVersion}} {{.DriverStatus}}");
  if (stdout.includes("io.containerd.snapshotter"))
    return { engine: { ...engine, stop }, setPlugins };
  await stop();
  return { missing: `engine ${stdout.split(" ")[0] ?? ""} has no containerd image store` };
}
