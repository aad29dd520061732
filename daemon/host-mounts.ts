// The mounts that the host's processes see: what a path of the host shows. In the main thread.
// SPDX-License-Identifier: Apache-2.0
import { originOf } from "./kernel/mount-origin.ts";
import { parseMountinfo, type Mount } from "./kernel/mountinfo.ts";
import { readProc } from "./kernel/proc.ts";
import type { MountOrigin } from "./model/mount-origin.ts";
import { toByteString } from "./util/byte-string.ts";

/** The host's first process, and we: the service may have a /tmp or /dev of its own, and the engine too. */
const lookers = ["1", "self"];

/** Their tables, each once. */
export function readHostTables(): readonly (readonly Mount[])[] {
  const texts = lookers.map((one) => readProc(`/proc/${one}/mountinfo`) ?? "");
  return [...new Set(texts)].map(parseMountinfo).filter((table) => table.length > 0);
}

/** What each of these paths shows now. */
export function originsOf(paths: readonly string[]): readonly (readonly MountOrigin[])[] {
  const tables = readHostTables();
  return paths.map((path) =>
    tables.flatMap((table) => {
      const origin = originOf(toByteString(path), table);
      return origin === undefined ? [] : [origin];
    }),
  );
}
