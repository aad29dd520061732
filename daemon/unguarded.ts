// What was started in containers while no daemon guarded: looked for once, at the start, and told with the status.
// SPDX-License-Identifier: Apache-2.0
import { uptime } from "node:os";
import type { ContainerInventory } from "./enrich/containers.ts";
import type { Guard } from "./guard.ts";
import { BootTime, readFacts } from "./guard-surroundings.ts";
import { createProcessSource } from "./host/processes.ts";
import type { RunRecord } from "./host/run-record.ts";
import type { Binding } from "./kernel/binding.ts";
import type { AnyGate } from "./kernel/without-gate.ts";
import type { Clock, Log } from "./model/ports.ts";
import type { Status } from "./model/status.ts";
import { scanUnguarded } from "./unguarded-scan.ts";
import type { UnguardedScan } from "./model/unguarded.ts";

/** Whom it asks, and who judges. */
export interface UnguardedParts {
  readonly binding: Binding;
  readonly gate: AnyGate;
  readonly guard: Pick<Guard, "post" | "heartbeat">;
  readonly inventory: Pick<ContainerInventory, "get">;
  readonly clock: Pick<Clock, "nowMs">;
  readonly bootId: string;
  readonly log: Log;
}

/** Milliseconds since the host was booted, as far as the hundredth of a second (proc(5), uptime). */
export function uptimeMs(): number {
  return Math.floor(uptime() * 1000);
}

/** Looks once; remembers what it found. */
export class Unguarded {
  readonly #parts: UnguardedParts;
  #scan: UnguardedScan | undefined;

  constructor(parts: UnguardedParts) {
    this.#parts = parts;
  }

  /** All that is marked by now is seen. Nothing is looked for where no daemon ran before: that would be all there is. */
  async look(lastRun: RunRecord | undefined): Promise<void> {
    const { guard, log } = this.#parts;
    const found = lastRun === undefined ? undefined : await this.#find(lastRun);
    this.#scan = found?.scan;
    guard.post({ kind: "unguarded", programs: found?.programs ?? [] });
    if (found === undefined || found.scan.found + found.scan.beyond === 0) return;
    log.warn("programs that were started while no daemon guarded still run: judged now", {
      ...found.scan,
    });
  }

  /** Absent where nothing was looked for, or not yet. */
  status(): Pick<Status, "unguarded"> {
    const judged = this.#parts.guard.heartbeat?.unguarded;
    if (this.#scan === undefined || judged === undefined) return {};
    return { unguarded: { ...this.#scan, ...judged } };
  }

  async #find(lastRun: RunRecord): ReturnType<typeof scanUnguarded> {
    const { binding, gate, inventory, clock, bootId } = this.#parts;
    const bootNs = new BootTime().ns;
    const roots = new Set(gate.roots().map(({ device }) => device));
    return scanUnguarded(
      {
        source: createProcessSource(),
        readFacts: (pid) => readFacts(binding, pid, bootNs),
        readCgroup: (pid) => binding.readCgroup(pid).toString("latin1"),
        isRoot: (device) => roots.has(device),
        container: (id) => inventory.get(id),
      },
      blindFromTicks(lastRun, { bootId, nowMs: clock.nowMs(), uptimeMs: uptimeMs() }),
    );
  }
}

const msPerTick = 10;

/** Since when nobody guarded, in the clock ticks after boot that processes have as their start. */
export function blindFromTicks(
  lastRun: RunRecord,
  now: { readonly bootId: string; readonly nowMs: number; readonly uptimeMs: number },
): bigint {
  if (lastRun.bootId !== now.bootId) return 0n;
  // A record from before it had the uptime: the wall clock has to do.
  const fromMs = lastRun.uptimeMs ?? now.uptimeMs - (now.nowMs - lastRun.beatMs);
  return BigInt(Math.max(0, Math.floor(fromMs / msPerTick)));
}
