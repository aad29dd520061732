// SPDX-License-Identifier: Apache-2.0
import { constants } from "node:fs";
import { type FileHandle, open, rename, stat, unlink } from "node:fs/promises";

/** When a file is moved away, and how many old ones are kept: `FILE.1` is the youngest. */
export interface Rotation {
  /** A file that would become larger is moved away; it holds one batch at least. */
  readonly bytesMax: number;
  readonly keep: number;
}

/** What a file to append to needs. */
export interface AppendFileOptions {
  readonly path: string;
  /** How often the path is compared with the open file: who moves it away need not say so. */
  readonly checkEveryMs: number;
  readonly rotation?: Rotation | undefined;
  /** Rotation failed; the file goes on growing. Absent reason: it worked. */
  readonly onRotation: (failure?: Error) => void;
}

/** Whole lines, and how much of them has been written. */
export interface LineBatch {
  readonly bytes: Buffer;
  /** Written so far. */
  done: number;
}

/**
 * A file of lines. It is opened when it is first needed and when its path leads elsewhere. A line that was torn (by a
 * full disk, by a crash) is completed where that is possible, and otherwise ended, so that it harms no other. One call
 * at a time.
 */
export class AppendFile {
  readonly #options: AppendFileOptions;
  #handle: FileHandle | undefined;
  #size = 0;
  #checkedMs = 0;
  /** Device and inode of the file that `done` of a batch is about. */
  #identity: string | undefined;
  #rotateFromMs = 0;

  constructor(options: AppendFileOptions) {
    this.#options = options;
  }

  /** Writes on until the batch is done; rejects where the file cannot be opened or written, and can be called again. */
  async append(batch: LineBatch): Promise<void> {
    while (batch.done < batch.bytes.length) {
      await this.#prepare(batch);
      const handle = (this.#handle ??= await this.#open(batch));
      const rest = batch.bytes.length - batch.done;
      const { bytesWritten } = await handle.write(batch.bytes, batch.done, rest);
      batch.done += bytesWritten;
      this.#size += bytesWritten;
    }
  }

  /** Opens the file anew, as who moved it away asks for. */
  async reopen(): Promise<void> {
    await this.close();
    this.#handle = await this.#open({ bytes: Buffer.alloc(0), done: 0 });
  }

  async close(): Promise<void> {
    const last = this.#handle;
    this.#handle = undefined;
    await last?.close();
  }

  async #prepare({ bytes, done }: LineBatch): Promise<void> {
    const { path, checkEveryMs, rotation } = this.#options;
    if (this.#handle !== undefined && performance.now() - this.#checkedMs >= checkEveryMs) {
      this.#checkedMs = performance.now();
      if ((await identityAt(path)) !== this.#identity) await this.close();
    }
    const isBetweenLines = done === 0 || bytes[done - 1] === lineBreak;
    if (this.#handle === undefined || rotation === undefined || !isBetweenLines) return;
    if (this.#size === 0 || this.#size + bytes.length - done <= rotation.bytesMax) return;
    if (performance.now() >= this.#rotateFromMs) await this.#rotate(rotation);
  }

  async #rotate({ keep }: Rotation): Promise<void> {
    const { path, onRotation } = this.#options;
    try {
      if (keep === 0) await unlink(path);
      for (let i = keep; i > 0; i--)
        await moveIfThere(i === 1 ? path : `${path}.${i - 1}`, `${path}.${i}`);
      await this.close();
      onRotation();
    } catch (error) {
      this.#rotateFromMs = performance.now() + rotateAgainMs;
      onRotation(error as Error);
    }
  }

  async #open(batch: LineBatch): Promise<FileHandle> {
    const { path } = this.#options;
    const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
    // O_NONBLOCK: a fifo without a reader fails at once instead of holding a thread. libuv adds O_CLOEXEC.
    const handle = await open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o640);
    try {
      const stats = await handle.stat();
      if (!stats.isFile())
        throw new Error(`cannot append alerts to "${path}": it is no regular file`);
      const identity = `${stats.dev}:${stats.ino}`;
      const isContinued = identity === this.#identity && batch.done > 0;
      this.#identity = identity;
      this.#size = stats.size;
      this.#checkedMs = performance.now();
      if (!isContinued) {
        // A line that was begun in another file is written whole into this one.
        batch.done = batch.done === 0 ? 0 : batch.bytes.lastIndexOf(lineBreak, batch.done - 1) + 1;
        if (!(await endsWithLine(handle, stats.size))) await handle.write("\n");
      }
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }
}

const lineBreak = 10;
/** Pause after a rotation that failed. */
const rotateAgainMs = 60_000;

async function endsWithLine(handle: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return true;
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return bytesRead === 0 || buffer[0] === lineBreak;
}

async function moveIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

async function identityAt(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(path);
    return `${dev}:${ino}`;
  } catch {
    // Removed or out of reach: opening it anew tells which.
    return undefined;
  }
}
