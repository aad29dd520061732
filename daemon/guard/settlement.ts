// guard: what the thread that decides keeps beside the stages. Comes in: messages and records. Goes
// out: modes of superblocks, drafts of alerts. Must not know: Docker's API, sockets, files, YAML.
// SPDX-License-Identifier: Apache-2.0
import type { GuardedDevice } from "../model/guard-messages.ts";
import type { Steps } from "../util/steps.ts";

/** A superblock: a container's root in one life of its number, or, with generation 0, any other. */
export interface RootLife {
  readonly device: number;
  readonly generation: number;
}

/** What settling a container needs from outside. */
export interface SettlementPort {
  setMode(root: RootLife, mode: "observe" | "hold" | "none"): void;
  setDefaultMode(mode: "observe" | "hold"): void;
  /** Asks for marks on everything else the container can execute from; `covered` is the answer. */
  requestCoverage(containerId: string, pid: number): void;
  /** Which superblocks beside its roots a container can execute from now. */
  setDevices(containerId: string, devices: readonly number[]): void;
  /** Superblocks that are the container's root. */
  rootsOf(containerId: string): readonly RootLife[];
  /** Whether some policy in force could refuse an exec anywhere. */
  canDeny(): boolean;
  /** Whether some policy in force could refuse an exec there. */
  couldDeny(containerId: string): boolean;
}

interface Settled {
  /** `abandoned`: it stopped before its places were marked. */
  state: "covering" | "abandoned" | "settled";
  /** Answers to requestCoverage that are still to come; the last one counts. */
  awaited: number;
  mode: "observe" | "hold";
  devices: readonly number[];
  /** False when its places are still to be marked, from a process that shows them. */
  isComplete: boolean;
}

/** What was marked for a container. */
export interface Covered {
  readonly devices: readonly number[];
  readonly isComplete: boolean;
}

/**
 * Decides for each container once, at its first exec (which is held until then), whether its execs are
 * observed or held, and sets that on all its superblocks; again whenever what is known of it changes.
 */
export class Settlement {
  readonly #containers = new Map<string, Settled>();
  readonly #port: SettlementPort;
  /** Roots whose containers are not settled: what they execute from a shared superblock is held as well. */
  readonly #starting = new Map<number, number>();

  constructor(port: SettlementPort) {
    this.#port = port;
  }

  isSettled(containerId: string): boolean {
    return this.#containers.get(containerId)?.state === "settled";
  }

  /** A container's root was mounted. */
  rootAdded({ device, generation }: RootLife): void {
    this.#starting.set(device, generation);
    this.#setDefault();
  }

  /** It is gone. */
  rootGone(root: RootLife): void {
    if (this.#notStarting(root)) this.#setDefault();
  }

  /** Starts settling, until its places were seen once: `pid` is a process in it that exists now. */
  begin(containerId: string, pid: number): void {
    const known = this.#containers.get(containerId);
    if (known?.state === "covering" || (known?.state === "settled" && known.isComplete)) return;
    this.#containers.set(containerId, {
      state: "covering",
      awaited: (known?.awaited ?? 0) + 1,
      mode: "hold",
      devices: [],
      isComplete: false,
    });
    this.#port.requestCoverage(containerId, pid);
  }

  /** The container's places are marked, as far as they could be seen. */
  covered(containerId: string, { devices, isComplete }: Covered): void {
    const known = this.#containers.get(containerId);
    if (known !== undefined && known.awaited > 0) {
      known.awaited -= 1;
      // The places of a life that is over say nothing about the next one.
      if (known.awaited > 0) return;
      if (known.state === "abandoned") {
        this.#containers.delete(containerId);
        return;
      }
    }
    const settled: Settled = {
      ...{ state: "settled", awaited: 0, mode: "hold" },
      ...{ devices, isComplete },
    };
    this.#containers.set(containerId, settled);
    this.#port.setDevices(containerId, devices);
    // What waits may go on; the next exec is held again, and shows the places perhaps.
    if (!isComplete) return;
    settled.mode = this.#port.couldDeny(containerId) ? "hold" : "observe";
    this.#apply(containerId, settled);
  }

  /** What is known of the container, or of its scopes, changed. */
  update(containerId: string): void {
    const settled = this.#containers.get(containerId);
    if (settled?.state !== "settled") return;
    settled.mode = this.#port.couldDeny(containerId) ? "hold" : "observe";
    this.#apply(containerId, settled);
  }

  /** What is in force changed: asks for every settled container again, one a step. */
  *review(): Steps<void> {
    for (const containerId of [...this.#containers.keys()]) {
      this.update(containerId);
      yield;
    }
  }

  /** The container stopped: a new start is settled anew. */
  reset(containerId: string): void {
    const settled = this.#containers.get(containerId);
    if (settled === undefined) return;
    if (settled.awaited > 0) {
      settled.state = "abandoned";
      settled.mode = "observe";
    } else {
      this.#containers.delete(containerId);
    }
    this.#port.setDevices(containerId, []);
    for (const root of this.#port.rootsOf(containerId)) this.#port.setMode(root, "hold");
    for (const device of settled.devices) this.#setShared(device);
    this.#setDefault();
  }

  /**
   * A superblock whose container the engine does not know: its execs are seen, and not held. One that
   * is no root is given up only when no other container uses it, whose execs there would go free.
   */
  giveUp(root: RootLife, containerId: string | undefined): void {
    if (root.generation === 0) {
      const users = [...this.#containers].filter(([, { devices }]) =>
        devices.includes(root.device),
      );
      if (users.length !== 1 || users[0]?.[0] !== containerId) return;
    }
    this.#port.setMode(root, "observe");
    this.rootGone(root);
  }

  /** Every superblock of every settled container. */
  devices(): readonly GuardedDevice[] {
    const users = new Map<number, { mode: "observe" | "hold"; containers: string[] }>();
    for (const [id, settled] of this.#containers) {
      if (settled.state === "abandoned") continue;
      const roots = this.#port.rootsOf(id).map(({ device }) => device);
      for (const device of [...roots, ...settled.devices]) {
        const entry = users.get(device) ?? { mode: "observe" as const, containers: [] };
        if (!entry.containers.includes(id)) entry.containers.push(id);
        users.set(device, settled.mode === "hold" ? { ...entry, mode: "hold" } : entry);
      }
    }
    return [...users].map(([device, entry]) => ({ device, ...entry }));
  }

  #notStarting({ device, generation }: RootLife): boolean {
    return this.#starting.get(device) === generation && this.#starting.delete(device);
  }

  #apply(containerId: string, settled: Settled): void {
    for (const root of this.#port.rootsOf(containerId)) {
      this.#port.setMode(root, settled.mode);
      this.#notStarting(root);
    }
    for (const device of settled.devices) this.#setShared(device);
    this.#setDefault();
  }

  // A superblock that several containers use is held when one of them wants it held.
  #setShared(device: number): void {
    let mode: "observe" | "hold" | "none" = "none";
    for (const settled of this.#containers.values()) {
      if (!settled.devices.includes(device)) continue;
      if (settled.mode === "hold") mode = "hold";
      else if (mode === "none") mode = "observe";
    }
    this.#port.setMode({ device, generation: 0 }, mode);
  }

  #setDefault(): void {
    const isHeld =
      (this.#starting.size > 0 && this.#port.canDeny()) ||
      [...this.#containers.values()].some((settled) => settled.mode === "hold");
    this.#port.setDefaultMode(isHeld ? "hold" : "observe");
  }
}
