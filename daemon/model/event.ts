// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import type { Container } from "./container.ts";
import type { DockerClient } from "./docker-client.ts";
import type { RequestFacts } from "./docker-request.ts";
import type { EngineFacts } from "./engine-event.ts";
import type { ExecutedFile, Process } from "./process.ts";
import type { FileContent, ProgramVerdict } from "./program.ts";

/** Facts of the host that do not change while the daemon runs. */
export interface Host {
  readonly hostname: string;
  readonly machineId: string;
  /** `uname -r`. */
  readonly kernel: string;
  readonly bootId: string;
}

/** Where something happens: what scopes are judged over, and the part of every event that fields read it from. */
export interface Place {
  readonly host: Host;
  readonly container?: Container;
  /** Names of the allowlists (`allowlist.yaml`) that the container is on. */
  readonly allowlists: ReadonlySet<string>;
}

/** What every event has, whatever its kind. */
export interface Occurrence extends Place {
  /** Running number within this daemon's life, from 1. */
  readonly number: number;
  /** Nanoseconds since the epoch: when the kernel asked, or when the engine says that it was. */
  readonly timeNs: bigint;
  /** True when somebody waits for the decision: it can be refused then, and only then. */
  readonly isHeld: boolean;
  /** Who asked the engine for what led to this: for the exec, the container's start, the request. */
  readonly client?: DockerClient;
}

/** The subject of every rule. `kind` tells which fields have values; a rule's `source` chooses the kinds it sees. */
export type Event = ExecEvent | DockerEvent;

/** What rules of source `docker` are about. */
export type DockerEvent = EngineEvent | DockerRequest;

/** Something that the container engine did or noticed: `evt.type = docker_event`, source `docker`. */
export interface EngineEvent extends Occurrence {
  readonly kind: "engine";
  readonly isHeld: false;
  readonly facts: EngineFacts;
}

/** Something that somebody asks of the engine's API: `evt.type = docker_request`, source `docker`. */
export interface DockerRequest extends Occurrence {
  readonly kind: "docker-request";
  readonly request: RequestFacts;
}

/**
 * What was found out about an exec after the gate had judged it, or without the gate. Such a finding is an event of
 * its own: the first one has been alerted already.
 */
export interface SecondView {
  readonly finding:
    | "memfd"
    | "argv_changed"
    | "argv_rewritten"
    | "gate_missed"
    | "audit_missed"
    | "failed"
    /** There is no gate in this kernel: audit alone tells. */
    | "no_gate"
    /** No daemon guarded when the program was started, and it still ran when one did. */
    | "unguarded";
  /** Whose word it is: the kernel's audit record, the process's memory after the exec, or /proc much later. */
  readonly by: "audit" | "cmdline" | "proc";
  /** Whether the gate has judged the exec before. */
  readonly isGateSeen: boolean;
  /** The call's result: 0, or a positive errno. */
  readonly errno: number;
  /** What was judged, where other arguments were found. */
  readonly judgedArgv?: readonly ByteString[];
}

/** One exec in one container: source `syscall`. */
export interface ExecEvent extends Occurrence {
  readonly kind: "exec";
  readonly syscall: "execve" | "execveat";
  /** The thread that called. */
  readonly tid: number;
  readonly process: Process;
  /** The file that was opened: a script when `interpreter` is there, the program otherwise. */
  readonly file: ExecutedFile;
  /** The interpreter that the kernel opened for a `#!` script. */
  readonly interpreter?: ExecutedFile;
  /**
   * Set where the kernel opened an ELF loader and no program before it, and what that runs: named by its `arguments`, or
   * `unseen` by the gate, in memory or on a file system without a mark. `path` is a claim, and empty for a descriptor.
   */
  readonly loaded?: { readonly by: "arguments" | "unseen"; readonly path: ByteString };
  /** Of the file that this event is about; absent where nobody asks. */
  readonly content?: FileContent;
  /** What the lists of programs say; absent where the container is on none. */
  readonly program?: ProgramVerdict;
  /** False when argv could not be read while the exec was held: argv-based fields then have no value. */
  readonly isArgvKnown: boolean;
  /** Absent in the event that the gate raised. */
  readonly second?: SecondView;
}
