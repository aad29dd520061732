// Builds by the engine's own BuildKit.
// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { dockerAt, type TestEngine } from "./engine.ts";
import { findProgram } from "./programs.ts";

/** `docker build` of the directory, and why there can be none. */
export interface Buildkit {
  readonly missing: string | undefined;
  readonly build: TestEngine["docker"];
}

/** Since then the CLI has no client of BuildKit itself. */
const withoutOwnClient = 23;

/** The engine's BuildKit, as `docker build` with DOCKER_BUILDKIT=1 uses it. */
export async function buildkitOf(engine: TestEngine): Promise<Buildkit> {
  const plugins = join(engine.directory, "config/cli-plugins");
  const buildx = findProgram("docker-buildx");
  if (buildx !== undefined && !existsSync(plugins)) {
    mkdirSync(plugins);
    symlinkSync(buildx, join(plugins, "docker-buildx"));
  }
  const docker = dockerAt(engine.host, engine.directory, { DOCKER_BUILDKIT: "1" });
  const [version, plugin] = await Promise.all([docker("--version"), docker("buildx", "version")]);
  const major = Number(/version (\d+)/.exec(version.stdout)?.[1]);
  const hasClient = plugin.code === 0 || major < withoutOwnClient;
  return {
    missing: hasClient ? undefined : "no docker-buildx (apt-get install docker-buildx)",
    build: (...args) => docker("build", "--progress=plain", "--network=none", ...args),
  };
}
