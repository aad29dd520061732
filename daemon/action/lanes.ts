// SPDX-License-Identifier: Apache-2.0

/** Lines of work: what is in one lane goes one after the other, lanes go side by side. */
export interface Lanes<T> {
  /**
   * Runs `work`, which never rejects, behind what is in its lane. Work with the key of the last in the lane is the
   * same work, and is joined. Undefined when too much is waiting.
   */
  run(lane: string, key: string, work: () => Promise<T>): Promise<T> | undefined;
}

interface Lane<T> {
  lastKey: string;
  last: Promise<T>;
  length: number;
}

/** Builds lanes that hold at most `waitingMax` pieces of work behind others, all together. */
export function createLanes<T>(waitingMax: number): Lanes<T> {
  const lanes = new Map<string, Lane<T>>();
  let waiting = 0;

  async function follow(lane: Lane<T>, name: string, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } finally {
      lane.length -= 1;
      if (lane.length === 0) lanes.delete(name);
    }
  }

  return {
    run(name, key, work) {
      const lane = lanes.get(name);
      if (lane === undefined) {
        const first: Lane<T> = { lastKey: key, last: work(), length: 1 };
        lanes.set(name, first);
        first.last = follow(first, name, first.last);
        return first.last;
      }
      if (lane.lastKey === key) return lane.last;
      if (waiting >= waitingMax) return undefined;
      waiting += 1;
      lane.length += 1;
      const started = lane.last.then(() => {
        waiting -= 1;
        return work();
      });
      lane.lastKey = key;
      lane.last = follow(lane, name, started);
      return lane.last;
    },
  };
}
