// Debian's auditd beside the daemon: a child with configuration and log of its own, and nothing of the machine's.
// SPDX-License-Identifier: Apache-2.0
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { TAP } from "tap";
import { isAlive, statusOf } from "./audit.ts";
import type { AuditClient } from "../../daemon/kernel/audit-client.ts";

const unpacked = fileURLToPath(new URL("../../build/auditd/root", import.meta.url));
const folders = [join(unpacked, "usr/sbin"), join(unpacked, "sbin"), "/usr/sbin", "/sbin"];
const pidFile = "/run/auditd.pid";
const startWaitMs = 60_000;

/** One auditd that owns the audit stream. */
export interface TestAuditd {
  readonly pid: number;
  /** Its log so far: records as text. */
  log(): string;
  /** Ends it; it writes what it has and gives the stream back. */
  stop(): Promise<void>;
}

/** True where auditd can be run; else the test is skipped and says why, and fails under CI. */
export function requireAuditd(t: { plan(count: number, comment?: string): void }): boolean {
  const missing = reasonAgainst();
  if (missing === undefined) return true;
  if (process.env["CI"] !== undefined) throw new Error(`cannot test beside auditd: ${missing}`);
  t.plan(0, missing);
  return false;
}

function reasonAgainst(): string | undefined {
  if (programOf("auditd") === undefined) return "auditd is not there: run `make auditd`";
  const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, "utf8")) : 0;
  return pid > 0 && isAlive(pid) ? "an auditd of the machine's own is running" : undefined;
}

/** Runs auditctl(8) and returns what it prints. */
export async function auditctl(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(programOf("auditctl") ?? "auditctl", args, {
    env: environment(),
  });
  return stdout;
}

/** Starts auditd: undefined where it gives up since another process owns the stream. */
export async function startAuditd(
  t: Pick<TAP, "teardown">,
  directory: string,
  client: AuditClient,
): Promise<TestAuditd | undefined> {
  const logFile = writeConfig(directory);
  const child = spawn(programOf("auditd") ?? "auditd", ["-n", "-c", directory], {
    env: environment(),
    stdio: "ignore",
  });
  t.teardown(() => end(child));
  const deadlineMs = performance.now() + startWaitMs;
  while (statusOf(client).pid !== child.pid) {
    if (child.exitCode !== null) return undefined;
    if (performance.now() > deadlineMs) throw new Error("auditd neither starts nor ends");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    pid: child.pid ?? 0,
    log: () => (existsSync(logFile) ? readFileSync(logFile, "latin1") : ""),
    stop: () => end(child),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGTERM");
    await once(child, "exit");
  }
  // One that was killed leaves it.
  if (!existsSync(pidFile)) return;
  if (Number(readFileSync(pidFile, "utf8")) === child.pid) rmSync(pidFile, { force: true });
}

function programOf(name: string): string | undefined {
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

function environment(): NodeJS.ProcessEnv {
  const libraries = ["usr/lib", "lib"]
    .map((folder) => join(unpacked, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  return { PATH: "/usr/bin:/bin", LANG: "C", LD_LIBRARY_PATH: libraries.join(":") };
}

/** Never full, never mailing, never stopping the machine; no plugins, no listening. */
function writeConfig(directory: string): string {
  const plugins = join(directory, "plugins.d");
  mkdirSync(plugins, { recursive: true });
  const logFile = join(directory, "audit.log");
  const settings = {
    ...{ local_events: "yes", write_logs: "yes", log_file: logFile, log_group: "root" },
    ...{ log_format: "RAW", flush: "NONE", max_log_file: 64, num_logs: 2, name_format: "NONE" },
    ...{ priority_boost: 0, max_log_file_action: "IGNORE", space_left: 2, admin_space_left: 1 },
    ...{ space_left_action: "IGNORE", admin_space_left_action: "IGNORE" },
    ...{ disk_full_action: "IGNORE", disk_error_action: "IGNORE" },
    ...{ use_libwrap: "no", distribute_network: "no", plugin_dir: plugins },
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  // auditd refuses a file that others may write to.
  writeFileSync(join(directory, "auditd.conf"), lines.join(""), { mode: 0o640 });
  return logFile;
}
