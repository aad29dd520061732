// SPDX-License-Identifier: Apache-2.0

/**
 * What execwarden-authz and the daemon say to each other: a byte that says which, the length of the text in four bytes
 * (little endian), and the text, which is JSON as the engine's authorization protocol has it.
 */
export interface Frame {
  readonly kind: FrameKind;
  readonly text: Buffer;
}

/** AuthZReq and AuthZRes. */
export type FrameKind = "question" | "done";

const headBytes = 5;
/** FrameKind of authz_stream.h. */
const kinds: ReadonlyMap<number, FrameKind> = new Map([
  [0x51, "question"],
  [0x44, "done"],
]);
const answerKind = 0x41;

/** The frame that answers one, in bytes. */
export function writeAnswer(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(headBytes + length);
  bytes.writeUInt8(answerKind, 0);
  bytes.writeUInt32LE(length, 1);
  bytes.write(text, headBytes);
  return bytes;
}

/** Reads the frames of one connection, however they are cut. */
export class FrameReader {
  readonly #textBytesMax: number;
  readonly #onFrame: (frame: Frame) => void;
  #chunks: Buffer[] = [];
  #size = 0;
  /** How much has to be there before it is looked at again. */
  #wanted = headBytes;

  constructor(textBytesMax: number, onFrame: (frame: Frame) => void) {
    this.#textBytesMax = textBytesMax;
    this.#onFrame = onFrame;
  }

  /** Takes what has come; false when it is no frame, or a longer one than may be: nothing after it can be read. */
  take(chunk: Buffer): boolean {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    while (this.#size >= this.#wanted) {
      const bytes = this.#joined();
      const kind = kinds.get(bytes.readUInt8(0));
      const length = bytes.readUInt32LE(1);
      if (kind === undefined || length > this.#textBytesMax) return false;
      const end = headBytes + length;
      this.#wanted = end;
      if (bytes.length < end) break;
      this.#keep(bytes.subarray(end));
      this.#onFrame({ kind, text: bytes.subarray(headBytes, end) });
    }
    return true;
  }

  #joined(): Buffer {
    const [first] = this.#chunks;
    const bytes =
      first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks);
    this.#chunks = [bytes];
    return bytes;
  }

  #keep(rest: Buffer): void {
    this.#chunks = [rest];
    this.#size = rest.length;
    this.#wanted = headBytes;
  }
}
