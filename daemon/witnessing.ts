// Keeps the witness in step with what is guarded: which superblocks audit records, and that the guard thread knows.
// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import type { Config } from "./config/config.ts";
import type { Guard } from "./guard.ts";
import type { Binding } from "./kernel/binding.ts";
import { clearLeftTraces } from "./kernel/audit-traces.ts";
import { parseMountinfo } from "./kernel/mountinfo.ts";
import { Witness } from "./kernel/witness.ts";
import type { AuditChangesFile } from "./model/audit-changes.ts";
import type { Clock, Log } from "./model/ports.ts";
import type { WitnessStatus } from "./model/status.ts";

/** What witnessing is built from. */
export interface WitnessingOptions {
  readonly config: Config["witness"];
  readonly binding: Binding;
  readonly guard: Guard;
  readonly file: AuditChangesFile;
  readonly clock: Clock;
  readonly log: Log;
}

/** The witness's main-thread end; does nothing with `witness.mode: off`. */
export class Witnessing {
  readonly #options: WitnessingOptions;
  readonly #guard: Guard;
  readonly #witness: Witness | undefined;
  /** Superblocks of which every exec is recorded. */
  readonly #devices = new Set<number>();
  /** Superblocks beside the root, by container. */
  readonly #places = new Map<string, readonly number[]>();

  constructor(options: WitnessingOptions) {
    const { config, binding, guard, file, clock, log } = options;
    this.#options = options;
    this.#guard = guard;
    const { mode, memfd } = config;
    if (mode === "off") return;
    this.#witness = new Witness({
      ...{
        binding,
        mode,
        isMemfdWanted: memfd,
        file,
        log,
        machine: process.arch,
        pid: process.pid,
      },
      monotonicMs: () => clock.monotonicMs(),
      isAlive,
      hostDevices,
    });
  }

  /** Begins, after the guard thread and before the first root is told. */
  start(): void {
    const { binding, file, log } = this.#options;
    if (this.#witness === undefined) clearLeftTraces(binding, { file, isAlive, log });
    this.#witness?.start();
    this.#tell();
  }

  /** A container's root is there. */
  rootAdded(device: number): void {
    if (this.#witness?.isFull === true) this.#add([device]);
  }

  rootRemoved(device: number): void {
    this.#remove([device]);
  }

  /** Superblocks of a container's own are marked; `unmarked` could not be, and are not seen by the gate. */
  covered(containerId: string, devices: readonly number[], unmarked: readonly number[]): void {
    const wanted = this.#witness?.isFull === true ? [...devices, ...unmarked] : unmarked;
    if (wanted.length === 0) return;
    this.#places.set(containerId, wanted);
    this.#add(wanted);
  }

  /** A container has stopped: its own superblocks go, those that others use stay. */
  forget(containerId: string): void {
    const places = this.#places.get(containerId);
    if (places === undefined) return;
    this.#places.delete(containerId);
    const used = new Set([...this.#places.values()].flat());
    this.#remove(places.filter((device) => !used.has(device)));
  }

  /** Undefined with `witness.mode: off`. */
  status(): WitnessStatus | undefined {
    return this.#witness?.status();
  }

  /** Removes every rule and gives the audit stream back. */
  stop(): void {
    this.#witness?.stop();
  }

  #add(devices: readonly number[]): void {
    for (const device of devices) {
      if (this.#witness?.add(device) === true) this.#devices.add(device);
    }
    this.#tell();
  }

  #remove(devices: readonly number[]): void {
    const known = devices.filter((device) => this.#devices.delete(device));
    if (known.length === 0) return;
    for (const device of known) this.#witness?.remove(device);
    this.#tell();
  }

  #tell(): void {
    const witness = this.#witness;
    if (witness === undefined) return;
    const { handle, memfd } = witness;
    const devices = [...this.#devices];
    this.#guard.post({
      kind: "witness",
      ...{ handle, devices },
      ...(memfd === undefined ? {} : { memfd }),
    });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and not ours.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function hostDevices(): ReadonlySet<number> {
  try {
    const table = readFileSync("/proc/self/mountinfo", "latin1");
    return new Set(parseMountinfo(table).map(({ device }) => device));
  } catch {
    return new Set();
  }
}
