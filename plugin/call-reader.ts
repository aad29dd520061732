// SPDX-License-Identifier: Apache-2.0

/** One call of the engine, or of the process that hands its calls on. */
export interface Call {
  readonly path: string;
  /** Absent when it was too large to be read. */
  readonly body: Buffer | undefined;
}

/** How much is taken of one call; what is larger in its head ends the connection, a larger body is read and left out. */
export interface CallBounds {
  readonly headBytesMax: number;
  readonly bodyBytesMax: number;
}

interface Head {
  readonly path: string;
  readonly length: number;
}

const headEnd = "\r\n\r\n";
const lengthName = "\r\ncontent-length:";
const none = Buffer.alloc(0);

/**
 * Reads calls from the bytes of a connection: HTTP/1.1 as Docker's engines (pkg/plugins, Go's net/http) and
 * execwarden-authz write it, POST with a length. Everything else is refused, since nobody who may connect sends it.
 */
export class CallReader {
  readonly #bounds: CallBounds;
  readonly #onCall: (call: Call) => void;
  #head: Head | undefined;
  /** Of a head that has not ended. */
  #rest: Buffer = none;
  #body: Buffer[] = [];
  #missing = 0;

  constructor(bounds: CallBounds, onCall: (call: Call) => void) {
    this.#bounds = bounds;
    this.#onCall = onCall;
  }

  /** Takes what has come; false when it can be no call, and the connection is of no use any more. */
  take(chunk: Buffer): boolean {
    let left = chunk;
    while (left.length > 0 || this.#isWhole()) {
      if (this.#head === undefined) {
        const behind = this.#takeHead(left);
        if (behind === undefined) return false;
        left = behind;
      } else left = this.#takeBody(this.#head, left);
    }
    return true;
  }

  #isWhole(): boolean {
    return this.#head !== undefined && this.#missing === 0;
  }

  /** What stands behind the head; nothing while it has not ended, undefined when it is none. */
  #takeHead(chunk: Buffer): Buffer | undefined {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const end = bytes.indexOf(headEnd, 0, "latin1");
    if (end > this.#bounds.headBytesMax) return undefined;
    if (end < 0) {
      this.#rest = bytes;
      return bytes.length > this.#bounds.headBytesMax ? undefined : none;
    }
    this.#rest = none;
    this.#head = readHead(bytes.toString("latin1", 0, end + 2));
    this.#missing = this.#head?.length ?? 0;
    return this.#head === undefined ? undefined : bytes.subarray(end + headEnd.length);
  }

  #takeBody({ path, length }: Head, chunk: Buffer): Buffer {
    const isTooLarge = length > this.#bounds.bodyBytesMax;
    const part = chunk.subarray(0, this.#missing);
    this.#missing -= part.length;
    if (!isTooLarge) this.#body.push(part);
    if (this.#missing === 0) {
      const body = isTooLarge ? undefined : joined(this.#body);
      this.#head = undefined;
      this.#body = [];
      this.#onCall({ path, body });
    }
    return chunk.subarray(part.length);
  }
}

// request-line := "POST" SP path SP "HTTP/1." DIGIT (RFC 9112)
function readHead(text: string): Head | undefined {
  const [, path] = /^POST ([^ \r\n]{1,256}) HTTP\/1\.[01]\r\n/.exec(text) ?? [];
  const folded = text.toLowerCase();
  if (path === undefined || folded.includes("\r\ntransfer-encoding:")) return undefined;
  const at = folded.indexOf(lengthName);
  if (at < 0) return { path, length: 0 };
  const from = at + lengthName.length;
  const length = folded.slice(from, folded.indexOf("\r\n", from)).trim();
  const isOdd = folded.includes(lengthName, from) || !/^[0-9]{1,15}$/.test(length);
  return isOdd ? undefined : { path, length: Number(length) };
}

function joined(parts: readonly Buffer[]): Buffer {
  const [only] = parts;
  return only !== undefined && parts.length === 1 ? only : Buffer.concat(parts);
}
