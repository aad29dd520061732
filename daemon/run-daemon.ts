// `execwarden run`: reads and checks every file, then runs the daemon until it is told to stop.
// SPDX-License-Identifier: Apache-2.0
import { dirname, join } from "node:path";
import type { RunOptions } from "./cli/command.ts";
import { exitCodes } from "./cli/exit-codes.ts";
import { readConfig } from "./config/read.ts";
import type { Config } from "./config/config.ts";
import { outputNamesOf } from "./config/output-names.ts";
import { createClock } from "./host/clock.ts";
import { createDescriptorStream } from "./host/descriptor-stream.ts";
import { readSources } from "./host/files.ts";
import { createLog, type DaemonLog } from "./host/log.ts";
import type { ProcessTerminal } from "./host/terminal.ts";
import { loadJudge, type JudgeSources } from "./judge.ts";
import { loadBinding } from "./kernel/binding.ts";
import { startDaemon, type Notify } from "./lifecycle.ts";
import { withOutputFiles } from "./output-files.ts";
import { hasErrors, type Diagnostic } from "./text/diagnostic.ts";
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
  };
}

interface Settings {
  readonly config: Config;
  readonly sources: JudgeSources;
}

const logCloseMs = 1_000;

/** Answers with the exit code: 0 after a stop that was asked for, 1 when it could not start or broke. */
export async function runDaemon(options: RunOptions, around: RunSurroundings): Promise<number> {
  const { settings, diagnostics } = await readSettings(options, around);
  if (diagnostics.length > 0) await around.terminal.writeError(renderDiagnostics(diagnostics));
  if (settings === undefined) {
    await around.terminal.writeError("cannot start: mend the errors above and start again\n");
    return exitCodes.checkFailed;
  }
  const log = createLog({
    level: "info",
    format: options.isLogJson ? "json" : "text",
    stream: createDescriptorStream(2),
  });
  try {
    return await guardUntilStopped(settings, around, log);
  } catch (error) {
    log.error("cannot start", { error: explain(error) });
    return exitCodes.checkFailed;
  } finally {
    await log.close(logCloseMs);
  }
}

async function guardUntilStopped(
  { config, sources }: Settings,
  { terminal, version, env }: RunSurroundings,
  log: DaemonLog,
): Promise<number> {
  const died = new AbortController();
  const daemon = await startDaemon(
    {
      config,
      sources,
      version,
      audience: terminal,
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

function createNotify(socketPath: string | undefined, log: DaemonLog): Notify {
  if (socketPath === undefined || socketPath === "") return () => undefined;
  const binding = loadBinding();
  return (message) => {
    const errno = binding.notifyServiceManager(socketPath, message);
    if (errno !== 0) log.warn("cannot tell the service manager", { message, errno });
  };
}

/** Reads the configuration, and every file that it names. All faults of all of them are told at once. */
async function readSettings(
  options: RunOptions,
  { env }: RunSurroundings,
): Promise<{ readonly settings?: Settings; readonly diagnostics: readonly Diagnostic[] }> {
  const main = await readSources([options.configFile], { missing: "error" });
  const fragments = join(dirname(options.configFile), "conf.d");
  const more = await readSources([fragments], { missing: "warning" });
  const dockerHost = options.dockerHost ?? env.dockerHost;
  const read = readConfig([...main.sources, ...more.sources], {
    ...(dockerHost === undefined ? {} : { dockerHost }),
  });
  const diagnostics: Diagnostic[] = [
    ...main.diagnostics,
    // There need be no such directory; what is in it must be readable.
    ...more.diagnostics.filter(({ severity }) => severity === "error"),
    ...read.diagnostics,
  ];
  if (read.config === undefined || hasErrors(diagnostics)) return { diagnostics };
  const outputs = await withOutputFiles(read.config);
  diagnostics.push(...outputs.diagnostics);
  const config: Config = {
    ...outputs.config,
    mode: options.mode ?? read.config.mode,
    ...(options.dockerHost === undefined ? {} : { docker: { host: options.dockerHost } }),
  };
  const files = await readJudgeSources(config);
  diagnostics.push(...files.diagnostics);
  diagnostics.push(...loadJudge(files.sources).diagnostics);
  if (hasErrors(diagnostics)) return { diagnostics };
  return { settings: { config, sources: files.sources }, diagnostics };
}

async function readJudgeSources(
  config: Config,
): Promise<{ readonly sources: JudgeSources; readonly diagnostics: readonly Diagnostic[] }> {
  const [rules, policies, allowlists] = await Promise.all([
    readSources(config.rulesFiles, { missing: "warning" }),
    readSources(config.policiesFiles, { missing: "warning" }),
    readSources([config.allowlistFile], { missing: "warning" }),
  ]);
  const [allowlist] = allowlists.sources;
  return {
    sources: {
      rules: rules.sources,
      policies: policies.sources,
      ...(allowlist === undefined ? {} : { allowlist }),
      outputNames: outputNamesOf(config),
    },
    diagnostics: [...rules.diagnostics, ...policies.diagnostics, ...allowlists.diagnostics],
  };
}

const advice: Readonly<Record<number, string>> = {
  1: "it needs CAP_SYS_ADMIN: run it as root, in the host's own namespaces",
  22: "this kernel has no permission events (CONFIG_FANOTIFY_ACCESS_PERMISSIONS)",
  24: "too many open files or fanotify groups: raise LimitNOFILE or fs.fanotify.max_user_groups",
  38: "this kernel has no fanotify",
};

// Errors of the addon carry errno and syscall; a user needs what to do about them.
function explain(error: unknown): unknown {
  if (!(error instanceof Error) || !("errno" in error) || !("syscall" in error)) return error;
  const hint = advice[Number(error.errno)] ?? "see the kernel's log: dmesg";
  return new Error(
    `cannot open the gate: ${String(error.syscall)}: errno ${String(error.errno)}; ${hint}`,
  );
}
