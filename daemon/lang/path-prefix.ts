// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import { compileGlob } from "./glob.ts";

type PartTest = (part: ByteString) => boolean;

/**
 * The test of `pmatch`: true when the parts of some listed path are the first parts of the value. Empty parts do not
 * count; each listed part may be a glob.
 */
export function compilePathPrefix(paths: readonly ByteString[]): (value: ByteString) => boolean {
  const prefixes = paths.map((path) => partsOf(path).map((part) => compileGlob(part)));
  return (value) => {
    const parts = partsOf(value);
    return prefixes.some((prefix) => isPrefix(prefix, parts));
  };
}

function partsOf(path: ByteString): readonly ByteString[] {
  return path.split("/").filter((part) => part !== "");
}

function isPrefix(prefix: readonly PartTest[], parts: readonly ByteString[]): boolean {
  return prefix.every((test, i) => {
    const part = parts[i];
    return part !== undefined && test(part);
  });
}
