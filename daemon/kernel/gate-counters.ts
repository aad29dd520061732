// SPDX-License-Identifier: Apache-2.0

/** How the mounts of containers are followed (addon/src/mount_scout.h), since the gate was opened. */
export interface MountCounters {
  /** Mount namespaces that are followed now. */
  readonly namespaces: number;
  readonly scans: number;
  /** Execs that did not wait any longer for a scan: something mounted just before may have gone unseen. */
  readonly late: number;
  /** Places that could not be marked, counted at each scan: execs there are not seen. */
  readonly unmarked: number;
  /** Mount namespaces that were too many: what is mounted there later is not seen. */
  readonly refused: number;
}

/** What the gate has counted since it was opened. */
export interface GateNativeCounters {
  readonly seen: number;
  readonly allowed: number;
  readonly denied: number;
  readonly deadlinesMissed: number;
  readonly lost: number;
  readonly stalls: number;
  readonly ticketsExhausted: number;
  readonly answerErrors: number;
  readonly readErrors: number;
  readonly markErrors: number;
  /** What a predecessor had left unanswered, and was answered as at the deadline. */
  readonly inherited: number;
  /** Answered, and handed over, by the stand-in while this process stood still. */
  readonly stoodIn: number;
  readonly waiting: number;
  /** What follows the mounts of containers. */
  readonly mounts: MountCounters;
}

/** Names what the native gate counts, in the order of binding.ts. */
export function readGateCounters(values: readonly number[]): GateNativeCounters {
  const at = (index: number): number => values[index] ?? 0;
  return {
    seen: at(0),
    allowed: at(1),
    denied: at(2),
    deadlinesMissed: at(3),
    lost: at(4),
    stalls: at(5),
    ticketsExhausted: at(6),
    answerErrors: at(7),
    readErrors: at(8),
    markErrors: at(9),
    inherited: at(10),
    stoodIn: at(11),
    waiting: at(12),
    mounts: {
      namespaces: at(13),
      scans: at(14),
      late: at(15),
      unmarked: at(16),
      refused: at(17),
    },
  };
}
