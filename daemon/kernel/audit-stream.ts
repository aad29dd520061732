// SPDX-License-Identifier: Apache-2.0
import type { Binding } from "./binding.ts";

/** Bytes taken in one turn of the event loop, some 50 execs: held execs are decided in between. */
const turnBytes = 64 << 10;

/**
 * Calls `onBatch` in this thread with batches of whole audit records. The buffer is reused: take what is needed before
 * returning. A long queue is served in turns.
 */
export function followAudit(
  binding: Pick<Binding, "auditDrain" | "auditOnRecords">,
  handle: number,
  onBatch: (batch: Buffer) => void,
): void {
  const buffer = Buffer.allocUnsafe(turnBytes);
  const turn = (): void => {
    const length = binding.auditDrain(handle, buffer);
    if (length === 0) return;
    onBatch(buffer.subarray(0, length));
    setImmediate(turn);
  };
  binding.auditOnRecords(handle, turn);
  // What came before there was anybody to call is not announced again.
  turn();
}
