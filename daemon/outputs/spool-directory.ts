// SPDX-License-Identifier: Apache-2.0
import { constants } from "node:fs";
import { chmod, type FileHandle, lstat, mkdir, open, readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";

/** Where a line ends: the number of its segment and the offset in it. */
export interface SpoolPosition {
  readonly segment: number;
  readonly offset: number;
}

const { O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_RDONLY, O_RDWR } = constants;
const segmentPattern = /^(\d{10})\.spool$/;
const cursorName = "cursor";
const cursorPattern = /^(\d{10}) (\d{12}) ([0-9a-f]{8})\n/;

/**
 * The files of one spool: numbered segments, and a cursor that says up to where everything is settled. All methods
 * reject with the errors of the file system. Only one call at a time.
 */
export class SpoolDirectory {
  readonly #path: string;
  #writing: { readonly segment: number; readonly handle: FileHandle } | undefined;
  #cursor: FileHandle | undefined;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Makes the directory and those above it, readable for nobody else, and refuses one that is somebody else's. */
  static async open(parent: string, name: string): Promise<SpoolDirectory> {
    const path = join(parent, name);
    await mkdir(path, { recursive: true, mode: 0o700 });
    const stats = await lstat(path);
    if (!stats.isDirectory()) throw new Error(`"${path}" is no directory`);
    if (stats.uid !== process.geteuid?.()) throw new Error(`"${path}" belongs to somebody else`);
    if ((stats.mode & 0o077) !== 0) await chmod(path, 0o700);
    return new SpoolDirectory(path);
  }

  /** Numbers and sizes of the segments, oldest first. */
  async segments(): Promise<readonly { readonly segment: number; readonly bytes: number }[]> {
    const found: { segment: number; bytes: number }[] = [];
    for (const name of (await readdir(this.#path)).sort()) {
      const match = segmentPattern.exec(name);
      if (match === null) continue;
      const stats = await lstat(join(this.#path, name));
      if (stats.isFile()) found.push({ segment: Number(match[1]), bytes: stats.size });
    }
    return found;
  }

  /** Writes a whole piece at a place; what was there from an attempt that failed is written over. */
  async write({ segment, offset }: SpoolPosition, piece: Buffer): Promise<void> {
    const handle = await this.#open(segment);
    for (let done = 0; done < piece.length;) {
      const { bytesWritten } = await handle.write(piece, done, piece.length - done, offset + done);
      done += bytesWritten;
    }
  }

  /** At most `bytesMax` from a place on. */
  async read({ segment, offset }: SpoolPosition, bytesMax: number): Promise<Buffer> {
    const handle = await open(this.#name(segment), O_RDONLY | O_NOFOLLOW);
    try {
      const piece = Buffer.allocUnsafe(bytesMax);
      let length = 0;
      while (length < bytesMax) {
        const { bytesRead } = await handle.read(piece, length, bytesMax - length, offset + length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return piece.subarray(0, length);
    } finally {
      await handle.close();
    }
  }

  /** What was written is on the disk when this resolves. */
  async sync(): Promise<void> {
    await this.#writing?.handle.datasync();
  }

  async remove(segment: number): Promise<void> {
    if (this.#writing?.segment === segment) await this.#closeWriting();
    try {
      await unlink(this.#name(segment));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }

  /** Up to where everything was settled; undefined when that is not known: then all of it is sent again. */
  async readCursor(): Promise<SpoolPosition | undefined> {
    this.#cursor ??= await open(join(this.#path, cursorName), O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
    const { buffer, bytesRead } = await this.#cursor.read(Buffer.alloc(64), 0, 64, 0);
    const match = cursorPattern.exec(buffer.toString("latin1", 0, bytesRead));
    if (match === null) return undefined;
    const position = { segment: Number(match[1]), offset: Number(match[2]) };
    return cursorText(position) === match[0] ? position : undefined;
  }

  /** Overwrites the cursor where it is, which needs no room on a full disk. */
  async writeCursor(position: SpoolPosition): Promise<void> {
    this.#cursor ??= await open(join(this.#path, cursorName), O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
    await this.#cursor.write(cursorText(position), 0, "latin1");
  }

  async close(): Promise<void> {
    await this.#closeWriting();
    const cursor = this.#cursor;
    this.#cursor = undefined;
    await cursor?.close();
  }

  async #open(segment: number): Promise<FileHandle> {
    if (this.#writing?.segment === segment) return this.#writing.handle;
    await this.#closeWriting();
    const handle = await open(this.#name(segment), O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
    this.#writing = { segment, handle };
    return handle;
  }

  /** Makes names of new segments last. */
  async syncNames(): Promise<void> {
    const handle = await open(this.#path, O_RDONLY | O_DIRECTORY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async #closeWriting(): Promise<void> {
    const writing = this.#writing;
    this.#writing = undefined;
    await writing?.handle.close();
  }

  #name(segment: number): string {
    return join(this.#path, `${String(segment).padStart(10, "0")}.spool`);
  }
}

function cursorText({ segment, offset }: SpoolPosition): string {
  const text = `${String(segment).padStart(10, "0")} ${String(offset).padStart(12, "0")}`;
  return `${text} ${crc32(text).toString(16).padStart(8, "0")}\n`;
}
