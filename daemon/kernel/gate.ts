// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import { gateModes, type Binding, type GateMode } from "./binding.ts";
import { readGateCounters, type GateNativeCounters } from "./gate-counters.ts";

/** A place to mark: a mount's root, as a process whose root directory is `root` names it. */
export interface MarkPlace {
  readonly root: string;
  readonly path: ByteString;
  /** st_dev as major << 20 | minor. */
  readonly device: number;
  /** The whole superblock (every mount of it, in every namespace), or this one mount only. */
  readonly extent: "filesystem" | "mount";
}

/** Why a mark could not be set. `errno` 116 (ESTALE): the place is another filesystem by now. */
export interface MarkFailure {
  readonly errno: number;
  readonly syscall: string;
}

/** Names one held exec; good for one answer. */
export interface GateTicket {
  readonly slot: number;
  readonly generation: number;
}

/** What is read for a digest: a file of so many bytes, in the state that had this ctime. */
export interface DigestLimits {
  readonly sizeMax: number;
  readonly ctimeNs: bigint;
}

/** A device number in one of its lives; generation 0 where it is no container root. */
export interface DeviceLife {
  readonly device: number;
  readonly generation: number;
}

/** A form of path; parts that are left out fit everything. */
export interface RootPattern {
  readonly prefix?: string;
  readonly infix?: string;
  readonly suffix?: string;
}

/** A superblock that holds a container's root file system. */
export interface RootSuperblock {
  /** st_dev as major << 20 | minor. */
  readonly device: number;
  /** Names one life of the device number: these are reused at once. */
  readonly generation: number;
  readonly point: ByteString;
}

/**
 * What one turn of the event loop takes of the hand-over buffer, bytes: a held exec waits for the turn under way. A
 * quarter of it has room for the longest record.
 */
const drainBytes = 1 << 19;

/** No file is changed as late as this, nanoseconds since the epoch. */
const neverNs = 2n ** 63n - 1n;

/** A minor number has 20 bits in the kernel's own form of a device number (include/linux/kdev_t.h). */
export function deviceNumber(major: number, minor: number): number {
  return major * 0x100000 + minor;
}

/** `major:minor`, as mountinfo and stat(1) print it. */
export function deviceText(device: number): string {
  return `${Math.floor(device / 0x100000)}:${device % 0x100000}`;
}

/** A view of a native gate from one JavaScript thread; any thread may hold one by its handle. */
export class Gate {
  readonly handle: number;
  /** Whether the group was a predecessor's. */
  readonly isTakenOver: boolean;
  readonly #binding: Binding;

  constructor(binding: Binding, handle: number, isTakenOver = false) {
    this.#binding = binding;
    this.handle = handle;
    this.isTakenOver = isTakenOver;
  }

  /** Opens a gate, or takes over a predecessor's by the descriptor of its group; throws with errno and syscall (EPERM without CAP_SYS_ADMIN, EINVAL without permission events). */
  static open(
    binding: Binding,
    options: { deadlineMs: number; denyOnDeadline: boolean; handOverBytes: number; group?: number },
  ): Gate {
    const { deadlineMs, denyOnDeadline, handOverBytes, group = -1 } = options;
    const handle = binding.gateOpen(deadlineMs, denyOnDeadline, handOverBytes, group);
    return new Gate(binding, handle, group >= 0);
  }

  /** Serves what waits on the marks of a group that was taken over; nothing changes for a new one. */
  startReading(): void {
    this.#binding.gateStartReading(this.handle);
  }

  /** Sends `message` and the group's descriptor to the service manager at this socket; the errno, 0 when it was sent. */
  store(socketPath: string, message: string): number {
    return this.#binding.gateStore(this.handle, socketPath, message);
  }

  /** Closes it for every thread; whatever waits is allowed by the kernel. */
  close(): void {
    this.#binding.gateClose(this.handle);
  }

  /** Marks a place; undefined when it is marked. */
  mark(place: MarkPlace): MarkFailure | undefined {
    const [errno, syscall] = this.#binding.gateMark(
      this.handle,
      place.root,
      Buffer.from(place.path, "latin1"),
      Math.floor(place.device / 0x100000),
      place.device % 0x100000,
      place.extent === "filesystem",
    );
    return errno === 0 ? undefined : { errno, syscall };
  }

  /**
   * Overlays mounted at paths of these forms are containers' roots: marked by the native thread as soon as they are
   * mounted, and held until setMode says otherwise.
   */
  setRootPatterns(patterns: readonly RootPattern[]): void {
    this.#binding.gateSetRootPatterns(
      this.handle,
      patterns.flatMap(({ prefix = "", infix = "", suffix = "" }) => [prefix, infix, suffix]),
    );
  }

  /** The container roots that are marked now. */
  roots(): readonly RootSuperblock[] {
    const values = this.#binding.gateRoots(this.handle);
    const roots: RootSuperblock[] = [];
    for (let at = 0; at + 3 < values.length; at += 4) {
      const [major, minor, generation, point] = values.slice(at, at + 4);
      roots.push({
        device: deviceNumber(Number(major), Number(minor)),
        generation: Number(generation),
        point: point instanceof Buffer ? point.toString("latin1") : "",
      });
    }
    return roots;
  }

  /**
   * Sets how execs of files with this st_dev are treated. `generation` is the root's, and 0 for a device that is no
   * container root; a mode for another life of the number is ignored.
   */
  setMode(device: number, mode: GateMode, generation = 0): void {
    const major = Math.floor(device / 0x100000);
    this.#binding.gateSetMode(this.handle, major, device % 0x100000, gateModes[mode], generation);
  }

  /** How long an exec may be held from now on, milliseconds, and the answer after that. */
  setDeadline(deadlineMs: number, onDeadline: "allow" | "deny"): void {
    this.#binding.gateSetDeadline(this.handle, deadlineMs, onDeadline === "deny");
  }

  /** Sets how execs on devices without a mode of their own are treated. */
  setDefaultMode(mode: Exclude<GateMode, "none">): void {
    this.#binding.gateSetDefaultMode(this.handle, gateModes[mode]);
  }

  /** Marks what is mounted in the mount namespace of process `pid`, now and as long as it runs. Never the host's. */
  follow(pid: number): void {
    this.#binding.gateFollow(this.handle, pid);
  }

  /** Calls `onMounts` in this thread whenever the mount table changed. */
  watchMounts(onMounts: () => void): void {
    this.#binding.gateOnMounts(this.handle, () => {
      this.#binding.gateMountsTaken(this.handle);
      onMounts();
    });
    // What changed before there was anybody to call is not announced again: look at the table now.
    this.#binding.gateMountsTaken(this.handle);
  }

  /**
   * Calls `onRecords` in this thread with batches of whole records. The buffer is reused: take what is
   * needed before returning. A long queue is served in turns, so that the event loop stays alive.
   */
  onRecords(onRecords: (batch: Buffer) => void): void {
    const buffer = Buffer.allocUnsafe(drainBytes);
    const turn = (): void => {
      const length = this.#binding.gateDrain(this.handle, buffer);
      if (length === 0) return;
      onRecords(buffer.subarray(0, length));
      // A record that did not fit has left less room than it needed; what came since announces itself.
      if (length > drainBytes / 2) setImmediate(turn);
    };
    this.#binding.gateOnRecords(this.handle, turn);
    turn();
  }

  /** Answers a held exec; false when the deadline answered before. */
  answer(ticket: GateTicket, verdict: "allow" | "deny"): boolean {
    return this.#binding.gateAnswer(
      this.handle,
      ticket.slot,
      ticket.generation,
      verdict === "allow",
    );
  }

  /**
   * The SHA-256 of the file of a held exec, or of one that was kept: 64 hex digits, or undefined where it cannot be had,
   * or has another ctime by now. False when the exec is answered, or the file given up.
   */
  digest(
    { slot, generation }: GateTicket,
    { sizeMax, ctimeNs }: DigestLimits,
    onDigest: (digest: string | undefined) => void,
  ): boolean {
    const take = (digest: Buffer | number): void => {
      onDigest(digest instanceof Buffer ? digest.toString("hex") : undefined);
    };
    return this.#binding.gateDigest(this.handle, slot, generation, sizeMax, ctimeNs, take);
  }

  /** A file that was kept is not needed any more. */
  forgetFile({ slot, generation }: GateTicket): void {
    this.#binding.gateForgetFile(this.handle, slot, generation);
  }

  /**
   * After an observed exec on this device, files that changed at `fromNs` or later are kept open for `digest`; the oldest
   * of them make room. Device 0: on devices without a mode of their own. The generation counts as in setMode.
   */
  keepFiles({ device, generation }: DeviceLife, fromNs = neverNs): void {
    const major = Math.floor(device / 0x100000);
    this.#binding.gateKeepFiles(this.handle, major, device % 0x100000, generation, fromNs);
  }

  counters(): GateNativeCounters {
    return readGateCounters(this.#binding.gateCounters(this.handle));
  }
}
