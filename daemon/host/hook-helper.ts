// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { getSystemErrorMap } from "node:util";
import type { HookRequest, HookResult, RunHook } from "../model/hook.ts";
import type { Log } from "../model/ports.ts";
import { err, ok, type Result } from "../util/result.ts";
import {
  createHookAnswers,
  encodeHookStart,
  type HookAnswer,
  type HookStart,
} from "./hook-frames.ts";
import { findUser } from "./users.ts";

/** The process that starts the operator's programs. */
export interface HookHelper {
  readonly run: RunHook;
  /** Ends the helper, and what it runs. */
  close(): void;
}

// Beside the compiled addon when installed, in its build folder in a checkout.
const places = [
  "../kernel/execwarden-hooks",
  "../kernel/addon/build/Release/execwarden-hooks",
  "../../../daemon/kernel/addon/build/Release/execwarden-hooks",
];

const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** What a hook has to say to people: the rest of its standard error is left out. */
const stderrLengthMax = 1024;

/**
 * Starts the helper. Has to be called before the gate opens: what the daemon starts afterwards would inherit the gate,
 * and would wait for itself where the program is on a file system that is held. Where the helper cannot be started,
 * hooks fail and say so.
 */
export function startHookHelper(log: Log, path = findHelper()): HookHelper {
  const waiting = new Map<number, (answer: Result<HookAnswer>) => void>();
  let obstacle: string | undefined;
  let lastId = 0;

  const fail = (reason: string): void => {
    if (obstacle === undefined)
      log.error("there is no hook helper: hooks fail until the daemon is restarted", { reason });
    obstacle ??= `cannot run hooks: ${reason}; restart the daemon`;
    for (const answer of waiting.values()) answer(err(new Error(obstacle)));
    waiting.clear();
  };

  // A session of its own: Ctrl-C is for the daemon. Nothing of the daemon's environment is anybody's business.
  const helper = spawn(path, [], {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true,
    env: {},
    cwd: "/",
  });
  helper.on("error", (error) => {
    fail(error.message);
  });
  helper.on("exit", (code, signal) => {
    fail(`the hook helper ended with ${signal ?? String(code)}`);
  });
  helper.stdin.on("error", (error) => {
    fail(error.message);
  });
  const onAnswer = (answer: HookAnswer): void => {
    waiting.get(answer.id)?.(ok(answer));
    waiting.delete(answer.id);
  };
  helper.stdout.on("data", createHookAnswers(onAnswer));
  // The daemon ends when it wants to.
  helper.unref();

  function ask(start: Omit<HookStart, "id">): Promise<Result<HookAnswer>> {
    if (obstacle !== undefined) return Promise.resolve(err(new Error(obstacle)));
    lastId += 1;
    const id = lastId;
    helper.stdin.write(encodeHookStart({ ...start, id }));
    return new Promise((resolve) => waiting.set(id, resolve));
  }

  return {
    run: (request) => run(request, ask),
    close() {
      obstacle ??= "cannot run hooks: the daemon is stopping";
      helper.stdin.end();
    },
  };
}

async function run(
  { action, environment, standardInput }: HookRequest,
  ask: (start: Omit<HookStart, "id">) => Promise<Result<HookAnswer>>,
): Promise<Result<HookResult>> {
  const { program, timeoutMs } = action;
  const name = program[0] ?? "";
  const user = await findUser(action.user);
  if (user === undefined)
    return err(
      new Error(`cannot run hook ${name}: there is no user "${action.user}" on this host`),
    );
  const variables = {
    ...{ PATH: searchPath, LANG: "C.UTF-8", HOME: user.home, USER: user.name },
    ...environment,
  };
  const answer = await ask({
    ...{ uid: user.uid, gid: user.gid, timeoutMs, program, input: standardInput },
    environment: Object.entries(variables).map(([key, value]) => `${key}=${value}`),
  });
  return answer.ok ? toResult(name, user.name, answer.value) : answer;
}

function findHelper(): string {
  const paths = places.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  return paths.find((path) => existsSync(path)) ?? paths[0] ?? "";
}

function toResult(name: string, user: string, answer: HookAnswer): Result<HookResult> {
  const { end, value, isTimedOut } = answer;
  const stderr = answer.stderr.slice(0, stderrLengthMax);
  const said = stderr === "" ? {} : { stderr };
  switch (end) {
    case "exited":
      return ok({ end: { exitCode: value, ...said }, isTimedOut });
    case "signaled":
      return ok({ end: { signal: signalName(value), ...said }, isTimedOut });
    case "not-started":
      return err(
        new Error(
          `cannot run hook ${name} as user ${user}: ${errnoText(value)}; it must be there, and executable for that user`,
        ),
      );
  }
}

function errnoText(errno: number): string {
  const [name, message] = getSystemErrorMap().get(-errno) ?? [`errno ${errno}`, ""];
  return message === "" ? name : message;
}

function signalName(number: number): string {
  const entries: [string, number][] = Object.entries(constants.signals);
  return entries.find(([, one]) => one === number)?.[0] ?? `signal ${number}`;
}
