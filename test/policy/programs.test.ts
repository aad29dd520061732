// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import type { FileContent } from "../../daemon/model/program.ts";
import { parseProgramEntry } from "../../daemon/policy/program-entry.ts";
import {
  indexEntries,
  judgeProgram,
  judgeUnseen,
  mayBeListed,
  type ProgramList,
  type ProgramRun,
} from "../../daemon/policy/programs.ts";
import { hex64 } from "./samples.ts";

const sha256 = hex64("a");

function listOf(...texts: readonly string[]): ProgramList {
  const entries = texts.map((text) => {
    const result = parseProgramEntry(text);
    if (!("entry" in result)) throw new Error(text);
    return result.entry;
  });
  return { isFromImageOnly: false, entries: indexEntries(entries) };
}

const fromImage: ProgramList = { isFromImageOnly: true };
const strict = (...texts: readonly string[]): ProgramList => ({
  ...listOf(...texts),
  isFromImageOnly: true,
});

function shipped(path: string): FileContent {
  return { imagePaths: [path], arePathsKnown: true, isUnchanged: true, missing: "late" };
}
const copy: FileContent = {
  ...{ imagePaths: ["/bin/ls", "/usr/bin/ls"], arePathsKnown: true, isUnchanged: false, sha256 },
};
const strange: FileContent = {
  ...{ imagePaths: [], arePathsKnown: true, isUnchanged: false, missing: "late" },
};
const hashed: FileContent = { imagePaths: [], arePathsKnown: true, isUnchanged: false, sha256 };
const late: FileContent = {
  ...{ imagePaths: [], arePathsKnown: false, isUnchanged: undefined, missing: "late" },
};
const elsewhereLate: FileContent = { ...late, isUnchanged: false };
const unreadable: FileContent = { ...late, missing: "none" };
const of = (program: FileContent, more: Partial<ProgramRun> = {}): ProgramRun => ({
  ...{ program, beside: [] },
  ...more,
});
const script = (...beside: readonly FileContent[]): ProgramRun => ({
  ...{ program: shipped("/run.sh"), beside },
});
const loaded = (isNamed: boolean, path = "/tmp/x"): ProgramRun =>
  of(shipped("/lib/ld.so"), { loaded: { isNamed, path } });

const rows: readonly [
  name: string,
  lists: readonly ProgramList[],
  run: ProgramRun,
  said: string,
][] = [
  ["a file of the image, by its path", [listOf("/bin/ls")], of(shipped("/bin/ls")), "listed"],
  ["another one", [listOf("/bin/ls")], of(shipped("/bin/cat")), "not-listed"],
  ["none at all", [listOf()], of(shipped("/bin/cat")), "not-listed"],
  ["one of a folder", [listOf("/bin/*")], of(shipped("/bin/cat")), "listed"],
  ["a copy is what it is a copy of", [listOf("/usr/bin/ls")], of(copy), "listed"],
  ["unless the place counts", [strict("/usr/bin/ls")], of(copy), "not-from-image"],
  ["a strange file", [listOf("/**")], of(strange), "not-listed"],
  [
    "a strange file that is known by its digest",
    [listOf(`sha256:${sha256}`)],
    of(hashed),
    "listed",
  ],
  ["but only from the image", [strict(`sha256:${sha256}`)], of(hashed), "not-from-image"],
  ["another digest", [listOf(`sha256:${hex64("b")}`)], of(hashed), "not-listed"],
  ["a digest that came late", [listOf(`sha256:${sha256}`)], of(strange), "unknown"],
  ["it does not count where no list has digests", [listOf("/a")], of(strange), "not-listed"],
  [
    "a path is enough, whatever is late",
    [listOf("/bin/ls", `sha256:${sha256}`)],
    of(shipped("/bin/ls")),
    "listed",
  ],
  ["it may be one of the image's", [listOf("/a")], of(late), "unknown"],
  ["it may lie there unchanged", [fromImage], of(late), "unknown"],
  ["not on another mount", [fromImage], of(elsewhereLate), "not-from-image"],
  ["a digest that cannot be had", [listOf("/a")], of(unreadable), "unreadable"],
  ["all of the image", [fromImage], of(shipped("/x")), "listed"],
  ["nothing else", [fromImage], of(strange), "not-from-image"],
  ["one of two lists is enough", [listOf("/a"), listOf("/b")], of(shipped("/b")), "listed"],
  ["of two reasons the doubt is told", [listOf("/a"), fromImage], of(elsewhereLate), "unknown"],
  [
    "an applet",
    [listOf("/bin/busybox ls")],
    of(shipped("/bin/busybox"), { applet: "ls" }),
    "listed",
  ],
  [
    "another applet",
    [listOf("/bin/busybox ls")],
    of(shipped("/bin/busybox"), { applet: "wget" }),
    "not-listed",
  ],
  [
    "an applet that is not known",
    [listOf("/bin/busybox ls")],
    of(shipped("/bin/busybox")),
    "not-listed",
  ],
  ["all applets", [listOf("/bin/busybox")], of(shipped("/bin/busybox"), { applet: "x" }), "listed"],
  [
    "the script it is to be given",
    [listOf("/bin/sh /app/*")],
    of(shipped("/bin/sh"), { operand: "/app/x" }),
    "listed",
  ],
  [
    "another script",
    [listOf("/bin/sh /app/*")],
    of(shipped("/bin/sh"), { operand: "/tmp/x" }),
    "not-listed",
  ],
  ["no script", [listOf("/bin/sh /app/*")], of(shipped("/bin/sh")), "not-listed"],
  [
    "a script, with the image's interpreter",
    [listOf("/run.sh")],
    script(shipped("/bin/sh")),
    "listed",
  ],
  ["a script, with a changed interpreter", [listOf("/run.sh")], script(strange), "not-listed"],
  [
    "with one that is listed itself",
    [listOf("/run.sh", `sha256:${sha256}`)],
    script(hashed),
    "listed",
  ],
  ["with a copy of one of the image's", [listOf("/run.sh")], script(copy), "listed"],
  ["unless the place counts there", [strict("/run.sh")], script(copy), "not-from-image"],
  ["with one that is not known in time", [listOf("/run.sh")], script(late), "unknown"],
  [
    "the loader of an interpreter alone",
    [listOf("/run.sh")],
    { beside: [shipped("/ld.so")] },
    "listed",
  ],
  ["a loader that runs something", [listOf("/**"), fromImage], loaded(true), "unseen"],
  ["a loader that is named for it", [listOf("/lib/ld.so")], loaded(true), "listed"],
  [
    "a loader that is named with a pattern",
    [listOf("/lib/ld.so /usr/*")],
    loaded(true, "/usr/x"),
    "listed",
  ],
  ["a loader named with a program", [listOf("/lib/ld.so /tmp/x")], loaded(true), "listed"],
  ["a loader of what nobody saw", [listOf("/lib/ld.so")], loaded(false), "unseen"],
];
for (const [name, lists, run, said] of rows) {
  t.test(name, (t) => {
    t.strictSame(judgeProgram(lists, run), { isAllowed: said === "listed", because: said });
    t.end();
  });
}

t.test("without a list nothing is said", (t) => {
  t.equal(judgeProgram([], of(strange)), undefined);
  t.equal(judgeUnseen([]), undefined);
  t.match(judgeUnseen([fromImage]), { isAllowed: false, because: "unseen" });
  t.end();
});

t.test("where only the path is known", (t) => {
  t.equal(mayBeListed([listOf("/a")], "/a", {}), true);
  t.equal(mayBeListed([listOf("/a")], "/b", {}), false);
  t.equal(mayBeListed([listOf(`sha256:${sha256}`)], "/b", {}), true);
  t.equal(mayBeListed([fromImage], "/b", {}), true);
  t.end();
});
