// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = fileURLToPath(new URL("../../dist/daemon/main.js", import.meta.url));
if (!existsSync(path)) throw new Error(`cannot find ${path}: run \`make build\` first`);

/** The compiled daemon: `make test` compiles it before the tests run. */
export const daemonProgram = path;
