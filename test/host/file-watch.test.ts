// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import t from "tap";
import { directoriesOf, fingerprint, watchDirectories } from "../../daemon/host/file-watch.ts";

t.test("directories in which a path can begin to lead elsewhere", async (t) => {
  const root = t.testdir({ real: { deep: { "a.yaml": "" } }, links: {} });
  symlinkSync("../real/deep", join(root, "links/now"));
  symlinkSync("loop", join(root, "links/loop"));
  for (const [path, expected] of [
    ["real/deep/a.yaml", ["real/deep"]],
    ["real/deep", ["real", "real/deep"]],
    ["links/now/a.yaml", ["links", "real/deep"]],
    ["links/now", ["links", "real", "real/deep"]],
    ["real/none/b.yaml", ["real"]],
    ["links/loop", ["links"]],
  ] as const) {
    const found = await directoriesOf([join(root, path)]);
    t.strictSame([...found].sort(), expected.map((name) => join(root, name)).sort(), path);
  }
});

t.test("a directory that cannot be watched is told, and the others are watched", (t) => {
  const root = t.testdir({ there: {} });
  const failed: string[] = [];
  // The watch itself keeps no process alive.
  const alive = setTimeout(() => undefined, 30_000);
  const stop = watchDirectories(new Set([join(root, "none"), join(root, "there")]), {
    onChange: () => {
      t.same(failed, [join(root, "none")]);
      stop();
      clearTimeout(alive);
      t.end();
    },
    onError: (directory) => failed.push(directory),
  });
  writeFileSync(join(root, "there/x"), "");
});

t.test("a fingerprint tells content, and what is not there", async (t) => {
  const root = t.testdir({ a: "1" });
  const paths = [join(root, "a"), join(root, "b")];
  const first = await fingerprint(paths);
  t.equal(await fingerprint(paths), first);
  writeFileSync(join(root, "a"), "22");
  const second = await fingerprint(paths);
  t.not(second, first);
  mkdirSync(dirname(join(root, "b")), { recursive: true });
  writeFileSync(join(root, "b"), "");
  t.not(await fingerprint(paths), second);
});
