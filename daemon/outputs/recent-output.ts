// SPDX-License-Identifier: Apache-2.0
import type { Alert } from "../model/alert.ts";
import type { Output } from "../model/ports.ts";

/** The last alerts, for those who ask over the control socket, and the coming ones for those who follow. */
export interface RecentOutput extends Output {
  /** At most so many of the last alerts, oldest first. */
  recent(count: number): readonly Alert[];
  /** Calls back for each coming alert until the returned function is called. */
  follow(onAlert: (alert: Alert) => void): () => void;
}

/** Keeps the last `lengthMax` alerts in memory. Followers must not block, and bound what they hold. */
export function createRecentOutput(lengthMax: number): RecentOutput {
  const ring: Alert[] = [];
  const followers = new Set<(alert: Alert) => void>();
  let writtenCount = 0;
  return {
    name: "recent",
    write(alert) {
      ring[writtenCount % lengthMax] = alert;
      writtenCount += 1;
      for (const follower of followers) follower(alert);
    },
    recent(count) {
      const oldestFirst =
        writtenCount <= lengthMax
          ? ring
          : [...ring.slice(writtenCount % lengthMax), ...ring.slice(0, writtenCount % lengthMax)];
      return count <= 0 ? [] : oldestFirst.slice(-count);
    },
    follow(onAlert) {
      followers.add(onAlert);
      return () => followers.delete(onAlert);
    },
    close() {
      followers.clear();
      return Promise.resolve();
    },
    counters: () => ({ written: writtenCount, dropped: 0, failed: 0, queued: 0 }),
  };
}
