// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { Contents } from "../daemon/guard/contents.ts";
import type { ExecEvent, SecondView } from "../daemon/model/event.ts";
import { readAllowlist } from "../daemon/policy/allowlist.ts";
import type { ProgramList } from "../daemon/policy/programs.ts";
import { ProgramJudgement, withFoundVerdict } from "../daemon/program-judgement.ts";
import { Tracer } from "../daemon/tracer/trace.ts";
import { container, execEvent } from "./policy/samples.ts";
import { gateRecord, type RecordChanges } from "./tracer/gate-records.ts";

const subject = container({ createdNs: 1_000n });

function listsOf(text: string): readonly ProgramList[] {
  const { allowlists } = readAllowlist({
    name: "a",
    text: `allowlists: { a: { images: [nginx], ${text} } }`,
  });
  return allowlists.flatMap(({ programs }) => programs ?? []);
}

/** What is said at each file that one call opens. */
function said(text: string, ...files: readonly RecordChanges[]): readonly string[] {
  const contents = new Contents({
    question: () => "image-path",
    digest: () => false,
    forget: () => undefined,
    monotonicMs: () => 0,
    onKnown: () => undefined,
  });
  const judgement = new ProgramJudgement();
  contents.setImage(subject.image.id, [{ path: "/none", size: 1, ctimeNs: 2n, sha256: "" }]);
  const tracer = new Tracer();
  return files.map((changes) => {
    const record = gateRecord(changes);
    const traced = tracer.trace(record);
    if (traced === undefined) throw new Error("the record is whole");
    const content = contents.of(record, subject);
    const event = execEvent({
      ...{ container: subject, file: traced.first ?? record.file },
      ...(content === undefined ? {} : { content }),
      ...(traced.loaded === undefined ? {} : { loaded: traced.loaded }),
      process: {
        ...execEvent().process,
        ...{ argv: record.argv, cwd: "/app", exepath: (traced.first ?? record.file).path },
      },
    });
    return judgement.withVerdict(event, traced, listsOf(text)).program?.because ?? "";
  });
}

const file = (path: string, more: RecordChanges = {}): RecordChanges => ({
  ...{ filename: "/called", argv: ["called"], ...more },
  file: { path, inode: BigInt(path.length), ...more.file },
});
const changed = { file: { ctimeNs: 2_000n, size: 77 } };
const script = file("/app/run.sh", { head: "#!/usr/bin/python\n" });
const nested = file("/app/inner", { head: "#!/bin/sh\n" });

t.test("a script is judged by its file, and its interpreter has to be the image's", (t) => {
  const list = "programs: [/app/run.sh]";
  t.strictSame(said(list, script, file("/usr/bin/python"), file("/lib/ld-linux.so.2")), [
    ...["listed", "listed", "listed"],
  ]);
  t.strictSame(said(list, script, file("/usr/bin/python", changed)), ["listed", "not-listed"]);
  t.strictSame(said(list, script, nested, file("/bin/sh")), ["listed", "listed", "listed"]);
  t.strictSame(said(list, file("/app/other.sh", { head: "#!/bin/sh" }), file("/bin/sh")), [
    ...["not-listed", "not-listed"],
  ]);
  t.end();
});

t.test("a program and its loader", (t) => {
  const list = "programs: [/usr/bin/curl]";
  const curl = file("/usr/bin/curl");
  t.strictSame(said(list, curl, file("/lib/ld-linux.so.2")), ["listed", "listed"]);
  t.strictSame(said(list, curl, file("/lib/ld-linux.so.2", changed)), ["listed", "not-listed"]);
  const alone = file("/lib/ld-linux.so.2", {
    ...{ filename: "/lib/ld-linux.so.2", argv: ["ld.so", "/usr/bin/curl"] },
  });
  t.strictSame(said(list, alone), ["unseen"]);
  t.strictSame(said("only_from_image: true", alone), ["unseen"]);
  t.end();
});

t.test("arguments are taken as paths where they stand for a script", (t) => {
  const list = "programs: [/bin/sh /app/run.sh, /bin/busybox sh /app/run.sh]";
  const sh = (...argv: readonly string[]) => said(list, file("/bin/sh", { argv }));
  t.strictSame(sh("sh", "/app/run.sh"), ["listed"]);
  t.strictSame(sh("sh", "./../app/run.sh"), ["listed"]);
  t.strictSame(sh("sh", "-c", "/app/run.sh"), ["not-listed"]);
  t.strictSame(sh("sh", "/tmp/x.sh"), ["not-listed"]);
  t.strictSame(sh("sh"), ["not-listed"]);
  const box = (...argv: readonly string[]) => said(list, file("/bin/busybox", { argv }));
  t.strictSame(box("busybox", "sh", "/app/run.sh"), ["listed"]);
  t.strictSame(box("sh", "run.sh"), ["listed"]);
  t.strictSame(box("wget", "/app/run.sh"), ["not-listed"]);
  t.strictSame(said("programs: [/bin/nc sh]", file("/bin/nc", { argv: ["nc", "sh"] })), [
    "not-listed",
  ]);
  t.end();
});

const found = (finding: SecondView["finding"], exepath: string, isGateSeen = false): ExecEvent => ({
  ...execEvent({ process: { ...execEvent().process, exepath } }),
  second: { finding, by: "audit", isGateSeen, errno: 0 },
});

t.test("what nobody could ask about is told", (t) => {
  const lists = listsOf("programs: [/usr/bin/curl]");
  const because = (event: ExecEvent, of = lists) => withFoundVerdict(event, of).program?.because;
  t.equal(because(found("memfd", "/memfd:x")), "unseen");
  t.equal(because(found("gate_missed", "/usr/bin/curl")), "unseen");
  t.equal(because(found("no_gate", "/usr/bin/curl")), undefined, "the path alone proves nothing");
  t.equal(because(found("no_gate", "/tmp/x")), "not-listed");
  t.equal(because(found("no_gate", "/memfd:x")), "unseen");
  t.equal(because(found("no_gate", "/tmp/x"), listsOf("only_from_image: true")), undefined);
  const judged = { isAllowed: true, because: "listed" } as const;
  const again = { ...found("argv_changed", "/usr/bin/curl", true), program: judged };
  t.equal(because(again), "listed", "what was judged stays judged");
  t.equal(because(found("memfd", "/memfd:x"), []), undefined);
  t.end();
});

t.test("what was started unguarded is judged by its bytes, and a script by its name", (t) => {
  const lists = listsOf("programs: [/usr/bin/curl, /app/run.sh]");
  const content = (path: string) => ({
    ...{ imagePaths: path === "" ? [] : [path], arePathsKnown: true, isUnchanged: path !== "" },
  });
  const because = (exepath: string, imagePath: string, ...[comm, ...argv]: readonly string[]) => {
    const process = { ...execEvent().process, exepath, comm: comm ?? "", argv, cwd: "/app" };
    const event = { ...found("unguarded", exepath), process, content: content(imagePath) };
    return withFoundVerdict(event, lists).program?.because;
  };
  t.equal(because("/tmp/x", "/usr/bin/curl", "x", "x"), "listed", "a copy");
  t.equal(because("/usr/bin/curl", "", "curl", "curl"), "not-listed", "other bytes");
  t.equal(because("/bin/sh", "/bin/sh", "run.sh", "/bin/sh", "run.sh"), "listed");
  t.equal(because("/bin/sh", "/bin/sh", "other.sh", "/bin/sh", "other.sh"), "not-listed");
  t.equal(because("/bin/sh", "/bin/sh", "sh", "sh", "/app/run.sh"), "not-listed", "sh FILE is sh");
  const loaded = { by: "arguments", path: "/usr/bin/curl" } as const;
  const loader = { ...found("unguarded", "/lib/ld.so.2"), loaded, content: content("") };
  t.equal(withFoundVerdict(loader, lists).program?.because, "unseen");
  t.end();
});
