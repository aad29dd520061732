// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";

/** What is known of the bytes of one file that the kernel opened, and of where the container's image has them. */
export interface FileContent {
  /** 64 hex digits. */
  readonly sha256?: string;
  /** Where the image has these very bytes, the file's own path first; empty where it has them nowhere, as far as is known. */
  readonly imagePaths: readonly ByteString[];
  /** False where the digest that would tell is missing. */
  readonly arePathsKnown: boolean;
  /** Whether it lies where the image ships it, with the same bytes; undefined where that is not known. */
  readonly isUnchanged: boolean | undefined;
  /** Why the digest, or the image's list, is missing: not there in time, or not to be had (too large, changing). */
  readonly missing?: "late" | "none";
}

/** Why a program may run, or may not, by the lists of programs that its container is on. */
export const programReasons = [
  "listed",
  /** Its bytes are known, and no list has them. */
  "not-listed",
  /** The image does not ship it there, or not with these bytes. */
  "not-from-image",
  /** Its bytes were not known in time, and they count. */
  "unknown",
  /** Its bytes cannot be known: too large, or changing while they are read. */
  "unreadable",
  /** What a loader runs, or lies in memory, is opened by nobody who could be asked. */
  "unseen",
] as const;

export type ProgramReason = (typeof programReasons)[number];

/** What the lists of programs say of one exec. */
export interface ProgramVerdict {
  readonly isAllowed: boolean;
  readonly because: ProgramReason;
}
