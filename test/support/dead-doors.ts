// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

const pluginDirectory = "/run/docker/plugins";

/**
 * Removes the sockets of authorization plugins that tests, demo or bench of before have left when they were ended by force:
 * an engine takes 15 s for each dead one whenever it looks for a plugin, of any kind (moby, pkg/plugins).
 */
export function removeDeadDoors(): void {
  if (!existsSync(pluginDirectory)) return;
  for (const name of readdirSync(pluginDirectory)) {
    const [, pid] = /^execwarden-[a-z-]+-([0-9]+)(?:-[a-z0-9-]+)?\.sock$/.exec(name) ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      rmSync(join(pluginDirectory, name), { force: true });
  }
}
