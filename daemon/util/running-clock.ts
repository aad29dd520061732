// SPDX-License-Identifier: Apache-2.0

/**
 * A clock in milliseconds that stands still while its process does (SIGSTOP, a frozen machine): between two looks at it no
 * more than `stepMaxMs` pass. What is waited for may have come meanwhile and not have been read; whoever gives up by this
 * clock reads first. It goes right for who looks at it more often than that.
 */
export function createRunningClock(monotonicMs: () => number, stepMaxMs: number): () => number {
  let last = monotonicMs();
  let running = last;
  return () => {
    const now = monotonicMs();
    running += Math.min(Math.max(0, now - last), stepMaxMs);
    last = now;
    return running;
  };
}
