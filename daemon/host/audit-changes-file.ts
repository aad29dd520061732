// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AuditChangesFile } from "../model/audit-changes.ts";
import type { Log } from "../model/ports.ts";
import { z } from "../text/schema.ts";

const word = z.number().int().min(0).max(0xffffffff).optional();
const limitsSchema = z.object({
  enabled: z.number().int().min(0).max(1).optional(),
  failure: z.number().int().min(0).max(2).optional(),
  backlogLimit: word,
  backlogWaitTime: word,
});
const fileSchema = z.object({
  /** /proc/sys/kernel/random/boot_id: a boot undoes every change by itself. */
  bootId: z.string().max(64),
  before: limitsSchema,
  ours: limitsSchema,
});

/** What the file is kept with. */
export interface AuditChangesFileOptions {
  /** Made where it is missing. */
  readonly directory: string;
  readonly bootId: string;
  readonly log: Log;
}

const fileName = "audit-changes.json";

/**
 * Keeps what was changed of audit in the state directory. Reads and writes at once, without asking the disk to confirm:
 * what ends this process leaves the page cache, and what ends that ends the boot, and the changes with it.
 */
export function createAuditChangesFile(options: AuditChangesFileOptions): AuditChangesFile {
  const { directory, bootId, log } = options;
  const path = join(directory, fileName);
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      log.warn(
        "cannot write what is changed of the kernel's audit settings, so they stay changed after a crash; see state_directory",
        { path, error },
      );
    }
  };
  return {
    read() {
      try {
        const { data } = fileSchema.safeParse(JSON.parse(readFileSync(path, "utf8")));
        return data?.bootId === bootId ? { before: data.before, ours: data.ours } : undefined;
      } catch {
        return undefined;
      }
    },
    write(changes) {
      attempt(() => {
        mkdirSync(directory, { recursive: true, mode: 0o750 });
        writeFileSync(`${path}.new`, `${JSON.stringify({ bootId, ...changes })}\n`, {
          mode: 0o640,
        });
        renameSync(`${path}.new`, path);
      });
    },
    remove() {
      attempt(() => {
        rmSync(path, { force: true });
      });
    },
  };
}
