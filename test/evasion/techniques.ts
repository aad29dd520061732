// The table of techniques: each is one way around a sensor of execs, tried in a real container. docs/bypasses.md has
// the same rows in words, and by name in its last section: bypasses.test.ts holds the two together.
// SPDX-License-Identifier: Apache-2.0
import { elsewhere } from "./elsewhere.ts";
import { engines, remapped } from "./engines.ts";
import { beyond, memory } from "./memory.ts";
import { copies, loaders, multiCall, scripts, watched } from "./other-files.ts";
import { sameFile } from "./same-file.ts";
import type { Technique } from "./technique.ts";

/** All of them, in the order of the table. */
export const techniques: readonly Technique[] = [
  ...sameFile,
  ...scripts,
  ...multiCall,
  ...copies,
  ...loaders,
  ...watched,
  ...memory,
  ...elsewhere,
  ...engines,
  ...beyond,
  ...remapped,
];
