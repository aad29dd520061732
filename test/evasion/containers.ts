// The containers that attempts are made in.
// SPDX-License-Identifier: Apache-2.0
import { execFile } from "node:child_process";
import type { CommandResult, TestEngine } from "../support/engine.ts";
import { images } from "../support/images.ts";
import { startNestedEngine } from "../support/nested-engine.ts";
import { findProgram } from "../support/programs.ts";
import type { Technique } from "./technique.ts";

/** Containers that run, and one more for each attempt that wants its own. */
export interface Containers {
  /** Makes an attempt; the name is that of a container of its own. */
  run(technique: Technique, name: string): Promise<CommandResult>;
  /** The container that an alert of the attempt has to name; undefined where nobody knows before. */
  placeOf(technique: Technique, name: string): string | undefined;
  remove(): Promise<void>;
}

/** As good as --privileged, which an engine without all capabilities cannot give. */
const nearlyPrivileged = [
  ...["--cap-add=SYS_ADMIN", "--cap-add=SYS_PTRACE", "--pid=host"],
  ...["--security-opt=seccomp=unconfined", "--security-opt=apparmor=unconfined"],
];
const optionsOf: Readonly<Record<string, readonly string[]>> = {
  box: ["--tmpfs=/tmpfs:exec"],
  watched: ["--tmpfs=/tmpfs:exec"],
  strict: ["--label=org.example.strict=yes"],
  privileged: nearlyPrivileged,
};
const nested = "engine";

/** Starts those that the techniques need. */
export async function startContainers(
  engine: TestEngine,
  tools: string,
  techniques: readonly Technique[],
): Promise<Containers> {
  const volume = `--volume=${tools}:/tools`;
  const places = new Set<string>(techniques.map(({ where }) => where));
  const names = Object.keys(optionsOf).filter((name) => places.has(name));
  await Promise.all(
    names.map(async (name) => {
      const { code, stderr } = await engine.docker(
        ...["run", "--detach", "--network=none", volume, `--name=${name}`],
        ...[...(optionsOf[name] ?? []), "--entrypoint=/bin/sleep", images.curl, "86400"],
      );
      if (code !== 0) throw new Error(`cannot start ${name}: ${stderr}`);
    }),
  );
  const inner: TestEngine["docker"] = places.has("nested")
    ? await startNestedEngine(engine, nested)
    : (...args) => engine.docker(...args);
  // Some enter it from elsewhere.
  const victim = (await engine.docker("inspect", "--format={{.State.Pid}}", "box")).stdout.trim();
  const meant = (text: string, name: string): string =>
    text
      .replace("VICTIM", victim)
      .replace("HOST", String(process.pid))
      .replace("IMAGE", images.curl)
      .replace("DIRECTORY", engine.directory)
      .replace("TOOLS", tools)
      .replace("DOCKER", findProgram("docker") ?? "docker")
      .replace("NAME", name);
  return {
    run: (technique, name) => {
      const { argv, script = "", where } = technique;
      const words = argv?.map((word) => meant(word, name)) ?? ["/bin/sh", "-c", script];
      const fresh = ["run", "--rm", "--network=none", `--name=${name}`];
      if (where === "host") return runOnHost(words);
      if (where === "docker") return engine.docker(...words);
      if (where === "own") return engine.docker(...fresh, volume, ...words);
      if (where === "nested") return inner(...fresh, ...words);
      const as = technique.user === undefined ? [] : [`--user=${technique.user}`];
      return engine.docker("exec", ...as, where, ...words);
    },
    placeOf: ({ where, of, argv = [] }, name) => {
      if (of !== undefined) return of === "ANY" ? undefined : meant(of, name);
      if (where === "own") return name;
      return argv.some((word) => word.includes("VICTIM")) ? "box" : where;
    },
    remove: async () => {
      if (names.length > 0) await engine.docker("rm", "--force", ...names);
    },
  };
}

function runOnHost([program = "", ...args]: readonly string[]): Promise<CommandResult> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: 60_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      resolve({ code: typeof code === "number" ? code : -1, stdout, stderr });
    });
  });
}
