// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { readSources } from "../../daemon/host/files.ts";

t.test("files and directories are read in order, directories by name", async (t) => {
  const directory = t.testdir({
    "z.yaml": "z",
    d: {
      "10.yaml": "ten",
      "9.yml": "nine",
      "B.yaml": "upper",
      "a.yaml": "lower",
      ".hidden.yaml": "no",
      "notes.txt": "no",
      "rules.yaml.bak": "no",
      link: t.fixture("symlink", "../z.yaml"),
      "link.yaml": t.fixture("symlink", "../z.yaml"),
    },
  });
  const { sources, diagnostics } = await readSources([
    join(directory, "z.yaml"),
    join(directory, "d"),
  ]);
  t.strictSame(diagnostics, []);
  t.strictSame(
    sources.map(({ name, text }) => [name.slice(directory.length + 1), text]),
    [
      ["z.yaml", "z"],
      ["d/10.yaml", "ten"],
      ["d/9.yml", "nine"],
      ["d/B.yaml", "upper"],
      ["d/a.yaml", "lower"],
      ["d/link.yaml", "z"],
    ],
  );
});

const faults: {
  name: string;
  prepare: (path: string) => void;
  code: string;
  says: string;
}[] = [
  {
    name: "a path that leads nowhere",
    prepare: () => undefined,
    code: "file-missing",
    says: "cannot find",
  },
  {
    name: "text that is not UTF-8",
    prepare: (path) => {
      writeFileSync(path, Buffer.from([0x61, 0xff]));
    },
    code: "file-encoding",
    says: "it is not UTF-8",
  },
  {
    name: "a file that is too large",
    prepare: (path) => {
      writeFileSync(path, Buffer.alloc(8 * 1024 * 1024 + 1, "a"));
    },
    code: "file-limit",
    says: "more than 8388608 bytes",
  },
  {
    name: "a fifo, without waiting for its writer",
    prepare: (path) => {
      execFileSync("mkfifo", [path]);
    },
    code: "file-unreadable",
    says: "it is no regular file",
  },
];
for (const { name, prepare, code, says } of faults) {
  t.test(`${name} is an error, and the other files are read`, async (t) => {
    const directory = t.testdir({ "good.yaml": "good" });
    const bad = join(directory, "bad.yaml");
    prepare(bad);
    const { sources, diagnostics } = await readSources([bad, join(directory, "good.yaml")]);
    t.equal(sources.length, 1);
    t.match(diagnostics, [{ severity: "error", code }]);
    t.equal(diagnostics.length, 1);
    t.ok(diagnostics[0]?.message.startsWith("cannot ") && diagnostics[0].message.includes(says));
  });
}

t.test("what is missing can be a warning", async (t) => {
  const { diagnostics } = await readSources(["/nowhere/x"], { missing: "warning" });
  t.match(diagnostics, [{ severity: "warning", code: "file-missing" }]);
});

t.test("a directory with too many files is an error", async (t) => {
  const names = Array.from({ length: 1001 }, (_, i) => [`${String(i).padStart(4, "0")}.yaml`, ""]);
  const directory = t.testdir({ d: Object.fromEntries(names) as Record<string, string> });
  const { sources, diagnostics } = await readSources([join(directory, "d")]);
  t.equal(sources.length, 1000);
  t.match(diagnostics, [{ severity: "error", code: "file-limit" }]);
});
