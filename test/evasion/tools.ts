// What attempts need beside the image, in a directory that every container has as /tools.
// SPDX-License-Identifier: Apache-2.0
import { execFile, execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { TestEngine } from "../support/engine.ts";
import { images, librariesOf } from "../support/images.ts";

/** Lays them in this directory. */
export async function layTools(tools: string): Promise<void> {
  for (const folder of ["lib", "www", "build", "root"]) {
    mkdirSync(join(tools, folder), { recursive: true });
  }
  const sources = ["attack.c", "attack-beyond.c"].map((name) =>
    fileURLToPath(new URL(name, import.meta.url)),
  );
  const options = ["-static", "-pthread", "-O1", "-w", "-o", join(tools, "attack"), ...sources];
  execFileSync("gcc", options);
  copyFileSync("/bin/busybox", join(tools, "wget"));
  for (const interpreter of ["/bin/bash", "/usr/bin/perl"]) {
    copyFileSync(interpreter, join(tools, basename(interpreter)));
    const { stdout } = await promisify(execFile)("ldd", [interpreter]);
    for (const library of librariesOf(stdout)) {
      copyFileSync(library, join(tools, "lib", basename(library)));
    }
  }
  writeFileSync(join(tools, "www/proof"), "proof of a request\n");
  const build = `FROM ${images.curl}\nRUN ["/usr/bin/curl", "-V"]\n`;
  writeFileSync(join(tools, "build/Dockerfile"), build);
}

/** The image of curl, for a container that no engine knows. */
export async function unpackImage(engine: TestEngine, tools: string): Promise<void> {
  const root = join(tools, "root");
  const archive = `${root}.tar`;
  const { stdout } = await engine.docker("create", images.curl);
  await engine.docker("export", "--output", archive, stdout.trim());
  await engine.docker("rm", stdout.trim());
  execFileSync("tar", ["-C", root, "-xf", archive]);
}
