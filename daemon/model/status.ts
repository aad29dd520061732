// SPDX-License-Identifier: Apache-2.0
import type { BlindTime } from "./blind-time.ts";
import type { BudgetCounters } from "./budget.ts";
import type { Container, Engine } from "./container.ts";
import type { Enforcement } from "./enforcement.ts";
import type { GenerationInfo, ReloadReport } from "./generation.ts";
import type { ContentCounters, SecondViewCounters } from "./guard-messages.ts";
import type { OutputCounters } from "./ports.ts";
import type { UnguardedCounters, UnguardedScan } from "./unguarded.ts";

/** One superblock that the gate has marked. */
export interface GuardedSuperblock {
  /** `major:minor` of st_dev. */
  readonly device: string;
  readonly mode: "observe" | "enforce";
  readonly containers: readonly string[];
}

/** One container that runs, and how it is guarded. */
export interface ContainerStatus {
  readonly container: Container;
  /** Absent before its first exec is seen: nothing is settled then, and that exec is held. */
  readonly mode?: GuardedSuperblock["mode"];
  /** `major:minor` of every superblock that is marked for it. */
  readonly devices: readonly string[];
}

/** Execs and answers since the start; every loss has a counter. */
export interface GateCounters {
  readonly seen: number;
  readonly allowed: number;
  readonly denied: number;
  /** Held execs that the native deadline answered. */
  readonly deadlinesMissed: number;
  /** Events that did not fit into the hand-over buffer to the guard thread. */
  readonly lost: number;
  /** Snapshots whose argv could not be read. */
  readonly argvUnknown: number;
  /** Execs whose process ended before anything could be read of it: not judged. */
  readonly processGone: number;
  /** Execs of a container that the engine did not (yet) know. */
  readonly containerUnknown: number;
  /** Decisions that failed by themselves; the exec got the answer of gate.on_deadline. */
  readonly decisionFailures: number;
  /** Alerts that the main thread had no room for. */
  readonly alertsLost: number;
  /** Times that the deadline thread had to serve, because the reader was stuck. */
  readonly readerStalls: number;
  /** Execs whose file the kernel could not open for us; it refused them. */
  readonly readErrors: number;
  /** Container roots that could not be marked: their execs are not seen. */
  readonly markErrors: number;
  /** Execs that a daemon before this one had left unanswered; they got the answer of gate.on_deadline. */
  readonly inherited: number;
  /** Execs that the stand-in answered while the daemon stood still: judged afterwards, too late to be refused. */
  readonly stoodIn: number;
  /** Execs that no longer waited for what had just been mounted to be marked. */
  readonly mountsLate: number;
  /** Places that were mounted in containers and could not be marked, counted each time that they were looked at. */
  readonly mountsUnmarked: number;
  /** Mount namespaces of containers that were too many to be followed. */
  readonly namespacesRefused: number;
  /** Execs answered at once because too many were outstanding. */
  readonly ticketsExhausted: number;
  /** Execs that wait in the kernel now. */
  readonly waiting: number;
}

/** Outcomes of actions since the start; what is under way and waits, now. */
export interface ActionStatus {
  readonly done: number;
  readonly failed: number;
  readonly suppressed: number;
  readonly wouldDo: number;
  readonly notPossible: number;
  /** Tries beyond the first. */
  readonly retries: number;
  readonly running: number;
  readonly waiting: number;
  readonly hooksRunning: number;
  readonly hooksWaiting: number;
}

/** What the second view (audit records) and the join of both views have counted. */
export interface WitnessStatus {
  readonly mode: "gaps" | "full";
  /** `owner` of the audit stream, `listener` beside its owner, or `none`: nothing is witnessed. */
  readonly role: "owner" | "listener" | "none";
  /** The owner's process, 0 for none. */
  readonly ownerPid?: number;
  /** Why nothing, or not all, can be witnessed. */
  readonly problem?: string;
  readonly rules: number;
  readonly rulesFailed: number;
  readonly records: number;
  /** Records of other subjects, not looked at. */
  readonly foreign: number;
  /** Records without room in our buffer. */
  readonly lost: number;
  /** Times that the kernel had no room in our socket. */
  readonly overruns: number;
  /** Records that the kernel dropped since the start, whoever they were for. */
  readonly kernelLost: number;
  /** What became of the execs; absent until the guard thread has told. */
  readonly second?: SecondViewCounters;
}

/** The control socket, since the start; but `followers`, who are there now. */
export interface ControlStatus {
  readonly followers: number;
  /** Alerts that followers lost because they read too slowly. */
  readonly alertsLost: number;
  /** Connections beyond the bound. */
  readonly connectionsRefused: number;
}

/** Why executables are not on the list of their image; counted since the start. */
export interface ListSkips {
  /** Files of more than 64 MiB. */
  readonly tooLarge: number;
  /** Files beyond the 2 GiB that are read of an image. */
  readonly beyondBytes: number;
  /** Directories more than 64 levels below the root. */
  readonly tooDeep: number;
  /** Files and directories that could not be read, or changed while they were. */
  readonly unreadable: number;
  /** Images with more executables than are listed. */
  readonly beyondFiles: number;
  /** Images with more names than are looked at. */
  readonly beyondEntries: number;
  /** Images whose list took too long. */
  readonly timeUp: number;
}

/** Images whose executables are known, and what was found out about contents of files. */
export interface ImagesStatus {
  readonly listed: number;
  readonly files: number;
  /** Lists that lack something, since the start, and what. */
  readonly incomplete: number;
  readonly skipped: ListSkips;
  /** Lists made from a container's root, since the engine shows no layers: what it had changed before is not on them. */
  readonly fromContainers: number;
  /** Lists that could not be made: the image or the container was gone. */
  readonly failed: number;
  readonly waiting: number;
  /** Images that there was no room for among those that wait. */
  readonly refused: number;
  /** Lists that made room for others. */
  readonly forgotten: number;
  /** Lists of images that the engine has deleted. */
  readonly dropped: number;
}

/** The authorization plugin's side of the daemon. */
export interface PluginStatus {
  readonly socket: string;
  /** Whether the engine was seen to ask us about a request of our own just now. */
  readonly isAsked: boolean;
  /** When the engine asked last, milliseconds since the epoch; absent before the first time. */
  readonly lastAskedMs?: number;
  readonly asked: number;
  readonly refused: number;
  /** Requests that could not be judged, and got the answer of plugin.on_failure. */
  readonly failures: number;
  readonly onFailure: "allow" | "deny";
  /** Where the engine takes requests; empty where its process is not known. */
  readonly listeners: readonly EngineListener[];
}

/** A socket on which the engine takes requests. */
export interface EngineListener {
  /** `unix:///PATH` or `tcp://ADDRESS:PORT`. */
  readonly address: string;
  /** Who can come to it: whoever may open the file, whoever is on this host, or anybody. */
  readonly reach: "files" | "loopback" | "network";
  /** Whether a client has to show one; `not-asked-for`: TLS, but for the engine alone. */
  readonly certificates: "required" | "not-asked-for" | "no-tls";
}

/** What `execwarden status` shows. */
export interface Status {
  readonly version: string;
  readonly pid: number;
  /** Milliseconds since the epoch. */
  readonly startedMs: number;
  readonly mode: "monitor" | "enforce";
  /** Which rules, policies and settings are in force. */
  readonly generation: GenerationInfo;
  readonly enforcement: Enforcement;
  /** Absent before the first one. */
  readonly lastReload?: ReloadReport;
  readonly gate: {
    readonly isRunning: boolean;
    /** The kernel has no permission events: audit alone tells of execs, and none can be refused. */
    readonly isDetectOnly?: true;
    readonly deadlineMs: number;
    readonly onDeadline: "allow" | "deny";
    /** Mount namespaces of containers whose mounts are followed now. */
    readonly namespaces: number;
    readonly superblocks: readonly GuardedSuperblock[];
    readonly counters: GateCounters;
  };
  /** Absent with `witness.mode: off`. */
  readonly witness?: WitnessStatus;
  readonly engine: {
    readonly isConnected: boolean;
    readonly address: string;
    readonly engine?: Engine;
    readonly reconnects: number;
    /** Events that were handed to the rules of source `docker`, and those that there was no room for. */
    readonly events: number;
    readonly eventsLost: number;
    /** Times that events may have been missed. */
    readonly gaps: number;
    /** The last time in which events may have been missed for good, milliseconds since the epoch. */
    readonly blind?: { readonly fromMs: number; readonly toMs: number };
  };
  readonly containers: number;
  /** The same, by how their execs are treated; `unsettled`: no exec was seen yet, and the first one is held. */
  readonly guarded: {
    readonly observe: number;
    readonly enforce: number;
    readonly unsettled: number;
  };
  /** The last times in which something may have gone unseen, oldest first; those that last at the end. */
  readonly blind: readonly BlindTime[];
  /** What was started in containers before this daemon guarded and after the one before it; absent where there was none. */
  readonly unguarded?: UnguardedScan & UnguardedCounters;
  /** Floods of execs in containers. */
  readonly floods: BudgetCounters;
  readonly images?: ImagesStatus & Partial<ContentCounters>;
  readonly rules: { readonly loaded: number; readonly enabled: number };
  readonly policies: number;
  readonly alerts: number;
  readonly actions: ActionStatus;
  readonly plugin: PluginStatus;
  readonly outputs: Readonly<Record<string, OutputCounters>>;
  readonly control: ControlStatus;
}
