// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** An overlay mount with a busybox on it: what a container's root looks like to the gate. */
export interface TestOverlay {
  /** The merged directory. */
  readonly root: string;
  /** st_dev as major << 20 | minor. */
  readonly device: number;
  /** Unmounts and removes it. */
  remove(): void;
}

const busybox = "/bin/busybox";

/** True where permission events can be had; otherwise the test is skipped with a reason, and fails in CI. */
export function requireRoot(t: { plan(count: number, comment?: string): void }): boolean {
  const missing =
    process.getuid?.() !== 0
      ? "fanotify permission events need root"
      : existsSync(busybox)
        ? undefined
        : "busybox is not installed (apt-get install busybox-static)";
  if (missing === undefined) return true;
  if (process.env["CI"] !== undefined) throw new Error(`cannot test the gate: ${missing}`);
  t.plan(0, missing);
  return false;
}

/** Mounts an overlay with /bin/busybox and links to it for the applets named. */
export function mountOverlay(applets: readonly string[] = ["true", "sh", "sleep"]): TestOverlay {
  const directory = mkdtempSync(join(tmpdir(), "execwarden-overlay-"));
  const [lower, upper, work, root] = ["lower", "upper", "work", "merged"].map((name) => {
    const path = join(directory, name);
    mkdirSync(path);
    return path;
  }) as [string, string, string, string];
  mkdirSync(join(lower, "bin"));
  copyFileSync(busybox, join(lower, "bin/busybox"));
  for (const applet of applets) symlinkSync("busybox", join(lower, "bin", applet));
  const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
  execFileSync("mount", ["-t", "overlay", "overlay", "-o", options, root]);
  const { dev } = statSync(root);
  return {
    root,
    // stat(2) packs it as glibc does (sys/sysmacros.h): 12 bits of major from bit 8, minor around them.
    device: ((dev >> 8) & 0xfff) * 0x100000 + ((dev & 0xff) | ((dev >> 12) & 0xfff00)),
    remove() {
      execFileSync("umount", ["-l", root]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
