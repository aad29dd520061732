// `execwarden run`: reads and checks every file, then runs the daemon until it is told to stop.
// SPDX-License-Identifier: Apache-2.0
import type { RunOptions } from "./cli/command.ts";
import { exitCodes } from "./cli/exit-codes.ts";
import { createClock } from "./host/clock.ts";
import { descriptorLimit } from "./host/descriptor-limit.ts";
import { createDescriptorStream } from "./host/descriptor-stream.ts";
import { keepHeapSmall } from "./host/heap.ts";
import { catchHangups } from "./host/hangup.ts";
import { createLog, type DaemonLog } from "./host/log.ts";
import { passedDescriptor, type PassedDescriptors } from "./host/passed-descriptors.ts";
import type { ProcessTerminal } from "./host/terminal.ts";
import { groupName } from "./kept-gate.ts";
import { loadBinding } from "./kernel/binding.ts";
import { startDaemon, type Notify } from "./lifecycle.ts";
import { readSettings, type Settings, type SettingsOptions } from "./settings.ts";
import { renderDiagnostics } from "./text/render.ts";

/** What the command line, the environment and the package say. */
export interface RunSurroundings {
  readonly terminal: ProcessTerminal;
  readonly version: string;
  readonly env: {
    /** DOCKER_HOST. */
    readonly dockerHost?: string | undefined;
    /** NOTIFY_SOCKET: the service manager's, when it started us. */
    readonly notifySocket?: string | undefined;
    readonly passed?: PassedDescriptors;
  };
}

const logCloseMs = 1_000;
/** Every exec that is held or read takes a descriptor, beside connections and files. */
const descriptorsMin = 4_096;

/** Answers with the exit code: 0 after a stop that was asked for, 1 when it could not start or broke. */
export async function runDaemon(options: RunOptions, around: RunSurroundings): Promise<number> {
  keepHeapSmall();
  const settingsOptions = { ...options, environmentDockerHost: around.env.dockerHost };
  const { settings, diagnostics } = await readSettings(settingsOptions);
  if (diagnostics.length > 0) await around.terminal.writeError(renderDiagnostics(diagnostics));
  if (settings === undefined) {
    await around.terminal.writeError("cannot start: mend the errors above and start again\n");
    return exitCodes.config;
  }
  const log = createLog({
    level: "info",
    format: options.isLogJson ? "json" : "text",
    stream: createDescriptorStream(2),
  });
  try {
    return await guardUntilStopped({ settings, options: settingsOptions }, around, log);
  } catch (error) {
    log.error("cannot start", { error: explain(error) });
    return exitCodes.checkFailed;
  } finally {
    await log.close(logCloseMs);
  }
}

interface Start {
  readonly settings: Settings;
  readonly options: SettingsOptions;
}

async function guardUntilStopped(
  { settings, options }: Start,
  { terminal, version, env }: RunSurroundings,
  log: DaemonLog,
): Promise<number> {
  warnOfLimits(log);
  const died = new AbortController();
  const onHangup = catchHangups();
  const daemon = await startDaemon(
    {
      settings,
      configFile: options.configFile,
      readSettings: () => readSettings(options),
      version,
      audience: terminal,
      manager: {
        group: passedDescriptor(groupName, env.passed ?? {}, process.pid),
        socketPath: env.notifySocket === "" ? undefined : env.notifySocket,
      },
      clock: createClock(),
      log,
      onDeath: (reason) => {
        log.error("the guard thread ended; stopping, so that execs are not held for nothing", {
          reason,
        });
        died.abort();
      },
    },
    createNotify(env.notifySocket, log),
  );
  const endReopen = terminal.onReopen(() => {
    log.info("opening the files of outputs anew", {});
    daemon.reopenOutputs();
  });
  onHangup(() => {
    void daemon.reload("SIGHUP");
  });
  const stop = AbortSignal.any([terminal.interrupted, died.signal]);
  if (!stop.aborted) {
    await new Promise((resolve) => {
      stop.addEventListener("abort", resolve, { once: true });
    });
  }
  log.info("stopping", {});
  endReopen();
  await daemon.stop();
  return died.signal.aborted ? exitCodes.checkFailed : exitCodes.ok;
}

function warnOfLimits(log: DaemonLog): void {
  const limit = descriptorLimit();
  if (limit === undefined || limit >= descriptorsMin) return;
  log.warn(
    "few descriptors: execs that find none left are refused by the kernel; raise LimitNOFILE",
    {
      limit,
      recommended: descriptorsMin,
    },
  );
}

function createNotify(socketPath: string | undefined, log: DaemonLog): Notify {
  if (socketPath === undefined || socketPath === "") return () => undefined;
  const binding = loadBinding();
  return (message) => {
    const errno = binding.notifyServiceManager(socketPath, message);
    if (errno !== 0) log.warn("cannot tell the service manager", { message, errno });
  };
}

const advice: Readonly<Record<number, string>> = {
  1: "it needs CAP_SYS_ADMIN: run it as root, in the host's own namespaces",
  22: "this kernel has no permission events (CONFIG_FANOTIFY_ACCESS_PERMISSIONS); with `witness: { mode: full }` the daemon detects and refuses nothing",
  24: "too many open files or fanotify groups: raise LimitNOFILE or fs.fanotify.max_user_groups",
  38: "this kernel has no fanotify; with `witness: { mode: full }` the daemon detects and refuses nothing",
};

// Errors of the addon carry errno and syscall; a user needs what to do about them.
function explain(error: unknown): unknown {
  if (!(error instanceof Error) || !("errno" in error) || !("syscall" in error)) return error;
  const hint = advice[Number(error.errno)] ?? "see the kernel's log: dmesg";
  return new Error(
    `cannot open the gate: ${String(error.syscall)}: errno ${String(error.errno)}; ${hint}`,
  );
}
