// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from "node:fs";
import t from "tap";
import { requireEngine, startEngine } from "./engine.ts";
import { buildImages, images } from "./images.ts";

if (requireEngine(t)) {
  await t.test(
    "a private engine runs containers, restarts, and leaves nothing behind",
    async (t) => {
      const engine = await startEngine();
      t.teardown(() => engine.stop());
      await buildImages(engine);

      const curl = await engine.docker("run", "--rm", "--network=none", images.curl, "--version");
      t.match(curl.stdout, /^curl /, "curl runs in its image");
      const shell = await engine.docker(
        "run",
        "--rm",
        "--network=none",
        images.busybox,
        "/bin/sh",
        "-c",
        "id app",
      );
      t.match(shell.stdout, /uid=1000/, "busybox has a shell and a user");

      await engine.docker(
        "run",
        "--detach",
        "--network=none",
        "--name=kept",
        images.busybox,
        "/bin/sleep",
        "600",
      );
      await engine.restart();
      const after = await engine.docker("ps", "--all", "--format={{.Names}} {{.State}}");
      t.equal(after.stdout, "kept exited\n", "a restart ends containers and keeps them");
      await engine.docker("start", "kept");

      await engine.halt();
      t.notOk(existsSync(`${engine.directory}/dockerd.pid`), "halted");
      await engine.stop();
      t.notOk(existsSync(engine.directory), "the directory is gone");
      t.notMatch(
        readFileSync("/proc/self/mountinfo", "utf8"),
        engine.directory,
        "no mount is left",
      );
    },
  );
}
