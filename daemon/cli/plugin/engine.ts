// SPDX-License-Identifier: Apache-2.0
import { chmod, copyFile, readFile, rename, stat, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { err, ok, type Result } from "../../util/result.ts";
import { memberOf } from "../../util/unknown-value.ts";

/** The engine's process. */
export interface EngineProcess {
  readonly pid: number;
  readonly argv: readonly string[];
}

const answerTimeoutMs = 5_000;
const answerLengthMax = 65_536;

/**
 * Asks a plugin what it is, as the engine will: by its socket, or the engine itself where the plugin is a managed one.
 * The error says what to do.
 */
export async function askPlugin(name: string, engineSocket: string): Promise<Result<void>> {
  const socketPath = `/run/docker/plugins/${name}.sock`;
  try {
    const answer = await activate(socketPath);
    if (answer.includes('"authz"')) return ok(undefined);
    return err(new Error(`what answers at ${socketPath} is no authorization plugin`));
  } catch (cause) {
    if (await hasManagedPlugin(engineSocket, name)) return ok(undefined);
    const why = cause instanceof Error ? cause.message : String(cause);
    return err(
      new Error(
        `no plugin answers at ${socketPath} (${why}), and the engine would end when it finds none; start it: systemctl enable --now execwarden-authz.socket`,
      ),
    );
  }
}

/** Whether the engine has an enabled plugin of that name of its own (Docker Engine API, `GET /plugins/{name}/json`). */
async function hasManagedPlugin(engineSocket: string, name: string): Promise<boolean> {
  try {
    const path = `/plugins/${encodeURIComponent(name)}/json`;
    const answer: unknown = JSON.parse(await call(engineSocket, "GET", path));
    return memberOf(answer, "Enabled") === true;
  } catch {
    return false;
  }
}

function activate(socketPath: string): Promise<string> {
  return call(socketPath, "POST", "/Plugin.Activate");
}

function call(socketPath: string, method: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(answerTimeoutMs);
    request({ socketPath, path, method, signal }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => {
        text = (text + chunk.toString()).slice(0, answerLengthMax);
      });
      response.on("end", () => {
        resolve(text);
      });
      response.on("error", reject);
    })
      .on("error", reject)
      .end();
  });
}

/** The engine's process by its pid file; undefined when it does not run. */
export async function findEngine(pidFile: string): Promise<EngineProcess | undefined> {
  try {
    const pid = Number((await readFile(pidFile, "utf8")).trim());
    if (!Number.isSafeInteger(pid) || pid < 2) return undefined;
    const argv = (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0");
    // A pid file may be old, and its number somebody else's by now: SIGHUP ends most programs.
    const name = (await readFile(`/proc/${pid}/comm`, "utf8")).trim();
    return name === "dockerd" ? { pid, argv } : undefined;
  } catch {
    return undefined;
  }
}

/** The text of a file; empty when there is none. */
export async function readOptional(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}

/** Exchanges a file as a whole; what was there is kept beside it, and its path is the answer. */
export async function replaceFile(path: string, text: string): Promise<string | undefined> {
  const mode = await stat(path).then(
    (stats) => stats.mode & 0o777,
    () => undefined,
  );
  const backup = mode === undefined ? undefined : `${path}.before-execwarden`;
  if (backup !== undefined) await copyFile(path, backup);
  const next = `${path}.execwarden-new`;
  await writeFile(next, text, { mode: mode ?? 0o644, flush: true });
  await chmod(next, mode ?? 0o644);
  await rename(next, path);
  return backup;
}
