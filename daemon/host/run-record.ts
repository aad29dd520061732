// SPDX-License-Identifier: Apache-2.0
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "../model/ports.ts";
import { z } from "../text/schema.ts";

const recordSchema = z.object({
  /** /proc/sys/kernel/random/boot_id. */
  bootId: z.string().max(64),
  /** When the daemon last guarded, milliseconds since the epoch. */
  beatMs: z.number().min(0).max(Number.MAX_SAFE_INTEGER),
  /** The same, milliseconds since the host was booted: nobody can set that. */
  uptimeMs: z.number().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  /** It was stopped, and did not end by itself. */
  isStopped: z.boolean(),
});

/** The last sign of life of a daemon. */
export type RunRecord = z.infer<typeof recordSchema>;

/** What writing it takes. */
export interface RunRecorderOptions {
  /** Made where it is missing. */
  readonly directory: string;
  readonly bootId: string;
  readonly nowMs: () => number;
  /** Milliseconds since the host was booted. */
  readonly uptimeMs: () => number;
  readonly log: Log;
}

const fileName = "last-run.json";
const beatEveryMs = 10_000;

/** What the daemon before this one left; undefined where there was none, or what it left makes no sense. */
export async function readRunRecord(directory: string): Promise<RunRecord | undefined> {
  try {
    const text = await readFile(join(directory, fileName), "utf8");
    return recordSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Writes the daemon's sign of life every ten seconds, so that the next one can tell since when nobody guarded. */
export class RunRecorder {
  readonly #options: RunRecorderOptions;
  #writtenMs: number | undefined;
  #writing: Promise<void> | undefined;
  #isFailing = false;

  constructor(options: RunRecorderOptions) {
    this.#options = options;
  }

  /** /proc/sys/kernel/random/boot_id. */
  get bootId(): string {
    return this.#options.bootId;
  }

  /** The daemon guards. Never waits for the disk. */
  beat(): void {
    const nowMs = this.#options.nowMs();
    const isFresh =
      this.#writtenMs !== undefined && Math.abs(nowMs - this.#writtenMs) < beatEveryMs;
    // One at a time: a disk that hangs holds one thread.
    if (isFresh || this.#writing !== undefined) return;
    this.#writtenMs = nowMs;
    this.#writing = this.#write(false).finally(() => {
      this.#writing = undefined;
    });
  }

  /** The daemon guards no more. Writes nothing when it never did. */
  async stop(): Promise<void> {
    await this.#writing;
    if (this.#writtenMs !== undefined) await this.#write(true);
  }

  async #write(isStopped: boolean): Promise<void> {
    const { directory, bootId, nowMs, uptimeMs, log } = this.#options;
    const path = join(directory, fileName);
    const record = { bootId, beatMs: nowMs(), uptimeMs: uptimeMs(), isStopped } satisfies RunRecord;
    try {
      await mkdir(directory, { recursive: true, mode: 0o750 });
      const file = await open(`${path}.new`, "w", 0o640);
      try {
        await file.writeFile(`${JSON.stringify(record)}\n`);
      } finally {
        await file.close();
      }
      await rename(`${path}.new`, path);
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) {
        log.warn("cannot write when the daemon last guarded; see state_directory", { path, error });
      }
      this.#isFailing = true;
    }
  }
}
