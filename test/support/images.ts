// SPDX-License-Identifier: Apache-2.0
import { execFile } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { TestEngine } from "./engine.ts";

/** Names of the images that `buildImages` makes. */
export const images = {
  /** busybox with its applets (`/bin/sh`, `/bin/true`, `/bin/cp` …) and a user `app`, uid 1000. */
  busybox: "busybox:test",
  /** The same, and the machine's own curl as the entry point; label `org.example.image=curl`. */
  curl: "byrnedo/alpine-curl",
} as const;

const busyboxPath = "/bin/busybox";
const curlPath = "/usr/bin/curl";
const passwd = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:app:/home/app:/bin/sh\n";
const group = "root:x:0:\napp:x:1000:\n";

const execute = promisify(execFile);

/** Why the images cannot be built here; undefined when they can. */
export function imagesMissing(): string | undefined {
  if (!existsSync(busyboxPath)) return "no /bin/busybox (apt-get install busybox-static)";
  if (!existsSync(curlPath)) return "no /usr/bin/curl (apt-get install curl)";
  return undefined;
}

/** Builds all `images` in the engine from the machine's own programs; no registry is asked. */
export async function buildImages(engine: TestEngine): Promise<typeof images> {
  const missing = imagesMissing();
  if (missing !== undefined) throw new Error(`cannot build the images: ${missing}`);
  const ofCurl = [`ENTRYPOINT ["${curlPath}"]`, "LABEL org.example.image=curl"];
  await Promise.all([
    buildImage(engine, { name: images.busybox, changes: ['CMD ["/bin/sh"]'] }, layBusybox),
    buildImage(engine, { name: images.curl, changes: ofCurl }, async (root) => {
      await layBusybox(root);
      await layCurl(root);
    }),
  ]);
  return images;
}

async function buildImage(
  engine: TestEngine,
  image: { readonly name: string; readonly changes: readonly string[] },
  lay: (root: string) => Promise<void>,
): Promise<void> {
  const root = mkdtempSync(join(engine.directory, "image-"));
  try {
    await lay(root);
    await importImage(engine, { root, ...image });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Makes an image of the tree at `root`; `changes` are Dockerfile instructions. */
export async function importImage(
  engine: TestEngine,
  image: { readonly root: string; readonly name: string; readonly changes: readonly string[] },
): Promise<void> {
  const archive = `${image.root}.tar`;
  try {
    await execute("tar", [
      "-C",
      image.root,
      "--numeric-owner",
      "--owner=0",
      "--group=0",
      "-cf",
      archive,
      ".",
    ]);
    const changes = image.changes.flatMap((change) => ["--change", change]);
    const imported = await engine.docker("import", ...changes, archive, image.name);
    if (imported.code !== 0) throw new Error(`cannot import ${image.name}: ${imported.stderr}`);
  } finally {
    rmSync(archive, { force: true });
  }
}

async function layBusybox(root: string): Promise<void> {
  for (const folder of ["bin", "etc", "root", "home/app", "tmp", "usr/bin", "proc", "sys", "dev"]) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  chmodSync(root, 0o755);
  chmodSync(join(root, "tmp"), 0o1777);
  writeFileSync(join(root, "etc/passwd"), passwd);
  writeFileSync(join(root, "etc/group"), group);
  copyProgram(root, busyboxPath);
  const { stdout } = await execute(busyboxPath, ["--list"]);
  for (const applet of stdout.split("\n")) {
    if (applet !== "" && applet !== "busybox") symlinkSync("busybox", join(root, "bin", applet));
  }
}

async function layCurl(root: string): Promise<void> {
  copyProgram(root, curlPath);
  const { stdout } = await execute("ldd", [curlPath]);
  for (const library of librariesOf(stdout)) copyProgram(root, library);
}

/** Paths of libraries and loader: `ldd` prints `name => /path (0x…)` for a library and `/path (0x…)` for the loader. */
export function librariesOf(lddOutput: string): readonly string[] {
  return lddOutput.split("\n").flatMap((line) =>
    line
      .split(/\s/)
      .filter((word) => word.startsWith("/"))
      .slice(-1),
  );
}

function copyProgram(root: string, path: string): void {
  const target = join(root, path);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(path, target);
  chmodSync(target, 0o755);
}
