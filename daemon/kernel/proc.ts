// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import type { ByteString } from "../util/byte-string.ts";

/** A file below /proc; undefined when it cannot be read. procfs answers from memory: it may be read in the main thread. */
export function readProc(path: string): ByteString | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
}
