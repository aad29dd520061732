// SPDX-License-Identifier: Apache-2.0
import { fstatSync, write } from "node:fs";
import { Socket } from "node:net";
import { Writable } from "node:stream";

const retryDelayMs = 20;

/**
 * A stream onto an inherited descriptor (1, 2) that never blocks the event loop. `process.stdout` and
 * `process.stderr` write to pipes and terminals synchronously on Linux, so that a reader who stops reading
 * would stop the daemon. A daemon that uses this must leave those two alone: touching them makes a shared
 * pipe blocking again.
 */
export function createDescriptorStream(fd: number): Writable {
  const stats = fstatSync(fd);
  // Not the thread pool for these: a thread stuck in write(2) on a full pipe would keep the process from exiting.
  if (stats.isFIFO() || stats.isSocket()) {
    return new Socket({ fd, readable: false, writable: true });
  }
  return new Writable({
    decodeStrings: true,
    write(chunk: Buffer, _encoding, callback) {
      writeAll(fd, chunk, callback);
    },
  });
}

function writeAll(fd: number, chunk: Buffer, callback: (error?: Error | null) => void): void {
  write(fd, chunk, 0, chunk.length, null, (error, written) => {
    if (error?.code === "EAGAIN") {
      setTimeout(() => {
        writeAll(fd, chunk, callback);
      }, retryDelayMs);
    } else if (error !== null) {
      callback(error);
    } else if (written < chunk.length) {
      writeAll(fd, chunk.subarray(written), callback);
    } else {
      callback();
    }
  });
}
