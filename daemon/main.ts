#!/usr/bin/env node
// The executable: arguments → program → exit code. The only place that exits or reads the environment.
// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { createProgram } from "./cli/program.ts";
import { createFile, readSources, replaceFile } from "./host/files.ts";
import { groupOfId } from "./host/groups.ts";
import { readLines } from "./host/line-stream.ts";
import { createTerminal } from "./host/terminal.ts";
import { runDaemon } from "./run-daemon.ts";

function readVersion(): string {
  // package.json lies beside dist/ and beside daemon/ alike.
  for (const place of ["../package.json", "../../package.json"]) {
    try {
      const text = readFileSync(new URL(place, import.meta.url), "utf8");
      return (JSON.parse(text) as { version: string }).version;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  return "unknown";
}

/** One case of the machine interface: a few rule files at most. */
const inputLineBytesMax = 64 * 1024 * 1024;

const { env } = process;
const terminal = createTerminal(env);
const version = readVersion();
const program = createProgram({
  terminal,
  readSources,
  replaceFile,
  createFile,
  readInputLines: () => readLines(process.stdin, inputLineBytesMax),
  runDaemon: (options) =>
    runDaemon(options, {
      terminal,
      version,
      env: {
        dockerHost: env["DOCKER_HOST"],
        notifySocket: env["NOTIFY_SOCKET"],
        passed: {
          pid: env["LISTEN_PID"],
          count: env["LISTEN_FDS"],
          names: env["LISTEN_FDNAMES"],
        },
      },
    }),
  nameOfGroup: async (id) => (await groupOfId(id))?.name,
  defaults: {
    version,
    configFile: "/etc/execwarden/execwarden.yaml",
    socketPath: "/run/execwarden/execwarden.sock",
    dockerHost: env["DOCKER_HOST"],
  },
});
process.exit(await program.run(process.argv.slice(2)));
