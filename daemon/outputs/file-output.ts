// SPDX-License-Identifier: Apache-2.0
import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import type { Log, Output } from "../model/ports.ts";
import type { AlertFormatter } from "./format-json.ts";
import { createHealthLog } from "./health-log.ts";
import { pause, waitUntil } from "./idle.ts";
import { defaultLineQueueLimits, LineQueue, type LineQueueLimits } from "./line-queue.ts";

/** What the file of alerts needs. */
export interface FileOutputOptions {
  /** Absolute path; its directory must be there. */
  readonly path: string;
  readonly formatJson: AlertFormatter;
  readonly log: Log;
  readonly limits?: FileOutputLimits;
}

/** Bounds of the file output. */
export interface FileOutputLimits extends LineQueueLimits {
  /** UTF-16 units of the lines written in one go. */
  readonly batchCharactersMax: number;
  /** How often the path is compared with the open file, for log rotation. */
  readonly checkEveryMs: number;
  /** Pause after a failure. */
  readonly retryMs: number;
}

/** Bounds for a disk of ordinary speed. */
export const defaultFileOutputLimits: FileOutputLimits = {
  ...defaultLineQueueLimits,
  batchCharactersMax: 1024 * 1024,
  checkEveryMs: 1000,
  retryMs: 1000,
};

/**
 * Alerts appended to a file, one JSON object a line. The file is created with mode 0640, never through a symbolic
 * link, and opened anew when it was moved or removed (logrotate needs no signal). While the disk refuses (full,
 * read-only), lines wait in the bounded queue and the batch under way is tried again.
 */
export function createFileOutput(options: FileOutputOptions): Output {
  const { path, formatJson, log, limits = defaultFileOutputLimits } = options;
  const queue = new LineQueue(limits, () => {
    log.warn("alerts lost: the disk is too slow or refuses", { path });
  });
  const file = createAppendFile(path, limits.checkEveryMs);
  const health = createHealthLog(log, { output: "file", path });
  const closing = new AbortController();
  let isWorking = false;

  async function work(): Promise<void> {
    isWorking = true;
    while (queue.length > 0 && !closing.signal.aborted) {
      const lines = takeBatch(queue, limits.batchCharactersMax);
      await writeBatch(lines);
    }
    isWorking = false;
  }

  async function writeBatch(lines: readonly string[]): Promise<void> {
    let rest = Buffer.from(lines.join(""), "utf8");
    // The wait is bounded by close() and the memory by the queue: lines are only given up when nothing is left to do.
    while (!closing.signal.aborted) {
      try {
        rest = rest.subarray(await file.append(rest));
        if (rest.length > 0) continue;
        queue.settle("written", lines.length);
        health.worked();
        return;
      } catch (error) {
        health.failed(error instanceof Error ? error.message : String(error));
        await file.close();
        await pause(limits.retryMs, closing.signal);
      }
    }
    queue.settle("failed", lines.length);
  }

  return {
    name: "file",
    write(alert) {
      if (closing.signal.aborted) {
        queue.refuse();
        return;
      }
      const isQueued = queue.push(`${formatJson(alert)}\n`);
      if (isQueued && !isWorking) void work();
    },
    async close(timeoutMs) {
      await waitUntil(() => queue.openCount === 0, timeoutMs);
      closing.abort();
      queue.clear();
      await waitUntil(() => !isWorking, timeoutMs);
      await file.close();
    },
    counters: () => queue.counters(),
  };
}

function takeBatch(queue: LineQueue, charactersMax: number): readonly string[] {
  const lines: string[] = [];
  let characterCount = 0;
  while (characterCount < charactersMax) {
    const line = queue.take();
    if (line === undefined) break;
    lines.push(line);
    characterCount += line.length;
  }
  return lines;
}

/** A file that is opened when it is first needed, and again when its path leads elsewhere. */
interface AppendFile {
  /** Bytes that were written: maybe not all. Rejects when the file cannot be opened or written. */
  append(bytes: Buffer): Promise<number>;
  close(): Promise<void>;
}

function createAppendFile(path: string, checkEveryMs: number): AppendFile {
  let handle: FileHandle | undefined;
  let checkedMs = 0;

  async function close(): Promise<void> {
    const last = handle;
    handle = undefined;
    await last?.close();
  }

  return {
    async append(bytes) {
      if (handle !== undefined && performance.now() - checkedMs >= checkEveryMs) {
        checkedMs = performance.now();
        if (!(await isSameFile(handle, path))) await close();
      }
      handle ??= await openForAppending(path);
      return (await handle.write(bytes)).bytesWritten;
    },
    close,
  };
}

async function openForAppending(path: string): Promise<FileHandle> {
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;
  // O_NONBLOCK: a fifo without a reader fails at once instead of holding a thread. libuv adds O_CLOEXEC.
  const handle = await open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o640);
  const stats = await handle.stat();
  if (stats.isFile()) return handle;
  await handle.close();
  throw new Error(`cannot append alerts to "${path}": it is no regular file`);
}

async function isSameFile(handle: FileHandle, path: string): Promise<boolean> {
  const opened = await handle.stat();
  try {
    const named = await stat(path);
    return named.ino === opened.ino && named.dev === opened.dev;
  } catch {
    // Removed or out of reach: opening it anew tells which.
    return false;
  }
}
