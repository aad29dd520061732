// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import type { Alert } from "./alert.ts";
import type { BudgetCounters, BudgetSettings } from "./budget.ts";
import type { Container } from "./container.ts";
import type { AskedBy } from "./docker-client.ts";
import type { PlannedAction } from "./decision.ts";
import type { EngineFacts } from "./engine-event.ts";
import type { Host } from "./event.ts";
import type { Learned, LearnProgress } from "./learning.ts";
import type { RuleSettings } from "./rule-settings.ts";
import type { UnguardedCounters, UnguardedProgram } from "./unguarded.ts";

/** A text file handed to the guard thread, which compiles its own rules from it. */
export interface SourceText {
  readonly name: string;
  readonly text: string;
}

/** What a reload exchanges: one generation of everything that decides. Plain data: it crosses by structured clone. */
export interface GenerationSettings {
  readonly mode: "monitor" | "enforce";
  /** How long a held exec may wait in all, milliseconds; the native thread answers then. */
  readonly deadlineMs: number;
  /** The answer when the decision itself fails, as at the deadline. */
  readonly onDeadline: "allow" | "deny";
  readonly rules: readonly SourceText[];
  readonly policies: readonly SourceText[];
  readonly allowlist?: SourceText;
  readonly ruleSettings: RuleSettings;
  readonly outputNames: readonly string[];
  readonly budget: BudgetSettings;
}

/** What the guard thread is started with, beside its first generation. */
export interface GuardSettings extends GenerationSettings {
  readonly gateHandle: number;
  readonly host: Host;
  /** Absent with `witness.mode: off`. */
  readonly witness?: "gaps" | "full";
}

/** How much the generation in force holds. */
export interface GuardRules {
  readonly rulesLoaded: number;
  readonly rulesEnabled: number;
  readonly policies: number;
}

/** One executable of an image. */
export interface ImageFile {
  readonly path: ByteString;
  /** Bytes. */
  readonly size: number;
  /** When its inode changed last, nanoseconds since the epoch: the same as long as no container has changed it. */
  readonly ctimeNs: bigint;
  /** 64 hex digits. */
  readonly sha256: string;
}

/** Counters of what is known of files' contents, since the start. */
export interface ContentCounters {
  readonly hashed: number;
  /** Execs of files that may have been an image's, and whose digest was not known in time. */
  readonly unknown: number;
}

/** What the guard thread is told. */
export type ToGuard =
  | { readonly kind: "container"; readonly container: Container }
  | { readonly kind: "container-removed"; readonly id: string }
  /** A marked superblock: execs on it are held until its container is known and covered. */
  | {
      readonly kind: "superblock";
      readonly device: number;
      readonly generation: number;
      readonly point: ByteString;
    }
  | { readonly kind: "superblock-gone"; readonly device: number; readonly generation: number }
  /** The other places a container can execute from are marked; these superblocks are its own. */
  | {
      readonly kind: "covered";
      readonly containerId: string;
      readonly devices: readonly number[];
      /** False when they could not be seen from the process that was named: ask again at the next exec. */
      readonly isComplete: boolean;
    }
  /** /etc/passwd and /etc/group of a container; follows every `covered`. */
  | {
      readonly kind: "users";
      readonly containerId: string;
      /** False when the container was gone, or did not answer: what was known of its users stays. */
      readonly isRead: boolean;
      readonly passwd: ByteString;
      readonly group: ByteString;
      /** /proc/PID/uid_map and gid_map. */
      readonly uidMap: ByteString;
      readonly gidMap: ByteString;
    }
  /** Something that the engine told; with the container where the inventory does not know it. */
  | {
      readonly kind: "engine-event";
      readonly facts: EngineFacts;
      readonly container?: Container;
      /** What is to be known before it: one message wakes the thread once. */
      readonly asked?: readonly AskedBy[];
    }
  /** Who asked the engine for something, before the events that come of it. */
  | { readonly kind: "asked"; readonly asked: readonly AskedBy[] }
  /** The engine has told all that it runs. */
  | { readonly kind: "engine-answered" }
  /** What was found of programs that were started while no daemon guarded; sent once, also when there is nothing. */
  | { readonly kind: "unguarded"; readonly programs: readonly UnguardedProgram[] }
  /** Audit records can be taken from this handle; they are of all execs of files on these superblocks. */
  | {
      readonly kind: "witness";
      readonly handle: number;
      readonly devices: readonly number[];
      /** The device of programs in memory, where they are recorded. */
      readonly memfd?: number;
    }
  /** The executables that an image ships; without them the image is forgotten. */
  | { readonly kind: "image"; readonly imageId: string; readonly files?: readonly ImageFile[] }
  /** Alerts taken: gives the guard room to send as many more. */
  | { readonly kind: "taken"; readonly alerts: number }
  /** Build this generation and put it in force; `changed` with the same number answers. */
  | { readonly kind: "generation"; readonly change: number; readonly settings: GenerationSettings }
  /** Enforce nothing while there is a text, which outcomes tell; `changed` answers. */
  | {
      readonly kind: "enforcement";
      readonly change: number;
      readonly pausedText?: string;
    }
  /** Watch what runs in containers of an image; `changed` answers. */
  | {
      readonly kind: "learn";
      readonly change: number;
      readonly session: number;
      readonly image: string;
    }
  /** How far that is; `changed` answers with `learned`, and with all of it where that is the end. */
  | {
      readonly kind: "learned";
      readonly change: number;
      readonly session: number;
      readonly isEnd: boolean;
    }
  | { readonly kind: "stop" };

/** One alert and what is still to be done about it. */
export interface AlertDraft {
  /** Complete but for the outcomes of `planned` and the engine. */
  readonly alert: Alert;
  readonly planned: readonly PlannedAction[];
  /** The process that matched; absent where there is none, as for what the engine told. */
  readonly pid?: number;
  readonly startTicks?: bigint;
  /** It repeats another one of a flood: what is planned is done, and only a failure of that is told. */
  readonly isRepeat?: true;
}

/** Counters of the guard thread, since the start. */
export interface GuardCounters {
  readonly judged: number;
  readonly argvUnknown: number;
  /** Execs whose process ended before anything could be read of it: not judged. */
  readonly processGone: number;
  readonly containerUnknown: number;
  readonly decisionFailures: number;
  readonly alertsLost: number;
  /** Events of the engine that were taken. */
  readonly engineEvents: number;
  readonly waiting: number;
}

/** Counters of the second view, since the start. */
export interface SecondViewCounters {
  readonly argvCheck: Readonly<Record<string, number>>;
  readonly join: Readonly<Record<string, number>>;
  readonly assembler: Readonly<Record<string, number>>;
  /** Recorded execs of no container: the host's. */
  readonly hostExecs: number;
  /** Records that could not be read. */
  readonly unread: number;
}

/** A superblock as the guard treats it. */
export interface GuardedDevice {
  readonly device: number;
  readonly mode: "observe" | "hold";
  readonly containers: readonly string[];
}

/** What the guard thread tells. */
export type FromGuard =
  | ({ readonly kind: "ready" } & GuardRules)
  /** A change that was asked for holds for every exec that begins from now on; or failed, and nothing changed. */
  | {
      readonly kind: "changed";
      readonly change: number;
      readonly failure?: undefined;
      readonly rules?: GuardRules;
      readonly learned?: LearnProgress | Learned;
      readonly tookMs: number;
      /** The longest time that no exec could be decided, milliseconds. */
      readonly longestSliceMs: number;
    }
  | { readonly kind: "changed"; readonly change: number; readonly failure: string }
  /** Drafts of alerts wait on the port that is theirs. */
  | { readonly kind: "drafts" }
  /** First exec in a container: mark what else it can execute from, seen from process `pid`. */
  | { readonly kind: "cover"; readonly containerId: string; readonly pid: number }
  /** Sent by the decision loop itself: no heartbeat, no decisions. */
  | {
      readonly kind: "heartbeat";
      readonly counters: GuardCounters;
      readonly devices: readonly GuardedDevice[];
      readonly contents: ContentCounters;
      readonly budget: BudgetCounters;
      readonly unguarded: UnguardedCounters;
      readonly second?: SecondViewCounters;
    }
  | {
      readonly kind: "log";
      readonly level: "debug" | "info" | "warn" | "error";
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    };
