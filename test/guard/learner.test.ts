// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { learnedMax, Learner } from "../../daemon/guard/learner.ts";
import { learnedYaml, listNameOf, isListName } from "../../daemon/cli/learn/yaml.ts";
import type { ExecEvent } from "../../daemon/model/event.ts";
import type { FileContent } from "../../daemon/model/program.ts";
import { readAllowlist } from "../../daemon/policy/allowlist.ts";
import type { TracedExec } from "../../daemon/tracer/trace.ts";
import { Tracer } from "../../daemon/tracer/trace.ts";
import { container, execEvent, hex64, image } from "../policy/samples.ts";
import { gateRecord } from "../tracer/gate-records.ts";

const sha256 = hex64("a");
const subject = container({ image: image("nginx:1.27") });
const shipped = (path: string): FileContent => ({
  ...{ imagePaths: [path], arePathsKnown: true, isUnchanged: true, sha256 },
});
const strange: FileContent = { imagePaths: [], arePathsKnown: true, isUnchanged: false, sha256 };
const late: FileContent = {
  ...{ imagePaths: [], arePathsKnown: false, isUnchanged: undefined, missing: "late" },
};

interface Run {
  readonly content: FileContent;
  readonly exepath?: string;
  readonly argv?: readonly string[];
  readonly role?: TracedExec["role"];
  readonly more?: Partial<ExecEvent>;
}

function take(learner: Learner, { content, exepath, argv, role = "program", more }: Run): void {
  const traced = new Tracer().trace(gateRecord());
  if (traced === undefined) throw new Error("the record is whole");
  const process = { ...execEvent().process, exepath: exepath ?? content.imagePaths[0] ?? "/tmp/x" };
  const event = execEvent({
    ...{ container: subject, content, timeNs: 5_000_000n },
    process: { ...process, argv: argv ?? [process.exepath] },
    ...more,
  });
  learner.take({ traced: { ...traced, role }, event, told: new Set() });
}

function learnerOf(pattern = "nginx"): Learner {
  const learner = new Learner();
  learner.begin(1, pattern);
  return learner;
}

const rows: readonly [name: string, run: Run, expected: object][] = [
  ["the image's own", { content: shipped("/usr/bin/a b") }, { entry: "/usr/bin/a\\x20b" }],
  [
    "a copy of it",
    { content: { ...shipped("/bin/x"), isUnchanged: false }, exepath: "/tmp/y" },
    { entry: "/bin/x", path: "/tmp/y", isUnchanged: false },
  ],
  ["what is not of the image", { content: strange }, { entry: `sha256:${sha256}` }],
  ["what is not known", { content: late }, { entry: undefined, whyNot: "unknown" }],
  [
    "an applet",
    { content: shipped("/bin/busybox"), argv: ["ls", "/"] },
    { entry: "/bin/busybox ls" },
  ],
  ["busybox alone", { content: shipped("/bin/busybox") }, { entry: undefined, whyNot: "applet" }],
  [
    "a loader's program",
    {
      content: shipped("/lib/ld.so"),
      more: { loaded: { by: "arguments", path: "/usr/bin/ls" } },
    },
    { entry: "/lib/ld.so /usr/bin/ls" },
  ],
  [
    "a program in memory",
    { content: shipped("/lib/ld.so"), more: { loaded: { by: "unseen", path: "" } } },
    { entry: undefined, whyNot: "memory" },
  ],
  [
    "an interpreter that is not of the image",
    { content: strange, role: "interpreter" },
    { entry: `sha256:${sha256}` },
  ],
];
for (const [name, run, expected] of rows) {
  t.test(name, (t) => {
    const learner = learnerOf();
    take(learner, run);
    const report = learner.report(1);
    t.match(report, { containers: 1, execs: 1, notKept: 0, learned: [{ count: 1, ...expected }] });
    t.end();
  });
}

t.test("what is said once more is counted, and what is beside is the image's", (t) => {
  const learner = learnerOf();
  take(learner, { content: shipped("/bin/a") });
  take(learner, { content: shipped("/bin/a"), more: { timeNs: 9_000_000n } });
  take(learner, { content: shipped("/lib/ld.so"), role: "loader" });
  t.match(learner.report(1)?.learned, [{ entry: "/bin/a", count: 2, firstMs: 5, lastMs: 9 }]);
  t.equal(learner.report(1)?.learned.length, 1);
  t.end();
});

t.test("other images are not watched", (t) => {
  const learner = learnerOf("redis");
  take(learner, { content: shipped("/bin/a") });
  t.match(learner.progress(1), { containers: 0, execs: 0, programs: 0 });
  t.equal(learner.isWatched(subject), false);
  t.equal(learnerOf().isWatched(subject), true);
  learner.end(1);
  t.equal(learner.isActive, false);
  t.equal(learner.report(1), undefined);
  t.end();
});

t.test("what a second view alone has found", (t) => {
  const learner = learnerOf();
  const process = { ...execEvent().process, exepath: "/memfd:x" };
  const second = { finding: "memfd", by: "audit", isGateSeen: false, errno: 0 } as const;
  learner.find(execEvent({ container: subject, process, second }));
  learner.find(execEvent({ container: subject, second: { ...second, isGateSeen: true } }));
  t.match(learner.report(1), { execs: 1, learned: [{ whyNot: "memory", path: "/memfd:x" }] });
  t.end();
});

t.test("there is room for so many programs, and the rest is counted", (t) => {
  const learner = learnerOf();
  for (let i = 0; i < learnedMax + 3; i++) take(learner, { content: shipped(`/bin/${i}`) });
  t.match(learner.progress(1), { programs: learnedMax, notKept: 3, execs: learnedMax + 3 });
  t.end();
});

t.test("the list is read as it is written, whatever ran", (t) => {
  const learner = learnerOf();
  const odd = "/a\n# x: y *\xff";
  take(learner, { content: shipped(odd) });
  take(learner, { content: strange, exepath: "/tmp/evil\nallowlists:" });
  take(learner, { content: late, exepath: "/tmp/\u2028- sha256:x" });
  const report = learner.report(1);
  if (report === undefined) throw new Error("the session runs");
  const about = { session: 1, image: "nginx", sinceMs: 0, untilMs: 1 };
  const text = learnedYaml({ ...about, ...report, notKept: 2 }, "nginx", 1);
  const { allowlists, diagnostics } = readAllowlist({ name: "learned", text });
  t.same(diagnostics, []);
  t.match(allowlists, [
    {
      name: "nginx",
      programs: {
        isFromImageOnly: false,
        entries: { paths: new Set([odd]), digests: new Set([sha256]), others: [] },
      },
    },
  ]);
  t.match(text, /NOT COMPLETE: 2 execs/);
  t.match(text, /NOT LISTED, its bytes were not known/);
  t.end();
});

t.test("where all was of the image, the list says so", (t) => {
  const learner = learnerOf();
  take(learner, { content: shipped("/bin/a") });
  const report = learner.report(1);
  if (report === undefined) throw new Error("the session runs");
  const about = { session: 1, image: "nginx", sinceMs: 0, untilMs: 1 };
  t.match(learnedYaml({ ...about, ...report }, "nginx", 1), /only_from_image: true/);
  t.end();
});

t.test("names of lists", (t) => {
  const names = ["nginx:1.27", "registry.example.com:5000/team/my-web@sha256:0", "7zip", "**"];
  t.strictSame(names.map(listNameOf), ["nginx", "my_web", "image_7zip", "image___"]);
  t.ok(names.map(listNameOf).every(isListName));
  t.notOk(isListName("my-web"));
  t.notOk(isListName(""));
  t.end();
});
