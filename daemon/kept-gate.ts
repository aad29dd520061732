// The gate's group in the service manager's store (sd_notify(3), FDSTORE=1): while it is there, execs on marked file
// systems wait for the next daemon, whatever became of this one. docs/decisions/0006 tells what bounds that.
// SPDX-License-Identifier: Apache-2.0
import type { Config } from "./config/config.ts";
import type { AnyGate } from "./kernel/without-gate.ts";
import type { Log } from "./model/ports.ts";

/** The name that the group has in the store. */
export const groupName = "execwarden-gate";

/** What the service manager gives. */
export interface ServiceManager {
  /** The group that a daemon before this one left; absent where there is none. */
  readonly group?: number | undefined;
  /** NOTIFY_SOCKET; absent where nobody asked for news. */
  readonly socketPath?: string | undefined;
}

/** How long what waits may wait for this daemon to be ready, milliseconds; then the deadline counts. */
const readyMs = 5_000;

/** Leaves the group for the next daemon, or takes it out of the store, as configured. */
export function keepGate(
  gate: AnyGate,
  { keepOverRestart }: Config["gate"],
  { manager, log }: { readonly manager: ServiceManager; readonly log: Log },
): void {
  const { socketPath, group } = manager;
  if (keepOverRestart && socketPath === undefined) {
    log.warn(
      "gate.keep_over_restart has no effect: no service manager that keeps descriptors started the daemon",
      {},
    );
  }
  if (socketPath === undefined || (!keepOverRestart && group === undefined)) return;
  const verb = keepOverRestart ? "FDSTORE=1" : "FDSTOREREMOVE=1";
  const errno = gate.store(socketPath, `${verb}\nFDNAME=${groupName}`);
  if (errno !== 0) log.warn("cannot tell the service manager to keep the gate", { verb, errno });
}

/** Begins to serve what waits once `ready` is called, or when that takes too long; not at all after `giveUp`. */
export function serveWhenReady(gate: AnyGate, log: Log): { ready(): void; giveUp(): void } {
  const timer = setTimeout(() => {
    log.warn("execs have waited for this daemon to be ready: from now on gate.deadline counts", {
      waited_ms: readyMs,
    });
    gate.startReading();
  }, readyMs);
  return {
    ready() {
      clearTimeout(timer);
      gate.startReading();
    },
    giveUp() {
      clearTimeout(timer);
    },
  };
}
