// SPDX-License-Identifier: Apache-2.0
import { statSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { createAuditChangesFile } from "../../daemon/host/audit-changes-file.ts";
import { createRecordingLog } from "../support/recording-log.ts";

const changes = {
  before: { enabled: 0, backlogLimit: 64, backlogWaitTime: 15_000 },
  ours: { enabled: 1, backlogLimit: 16_384, backlogWaitTime: 5 },
};

t.test("is there for the next daemon of this boot, until it is removed", (t) => {
  const directory = join(t.testdir(), "state");
  const { log, lines } = createRecordingLog();
  const file = createAuditChangesFile({ directory, bootId: "b", log });
  t.equal(file.read(), undefined);
  file.write(changes);
  t.strictSame(createAuditChangesFile({ directory, bootId: "b", log }).read(), changes);
  t.equal(
    createAuditChangesFile({ directory, bootId: "c", log }).read(),
    undefined,
    "a boot later",
  );
  t.equal(statSync(join(directory, "audit-changes.json")).mode & 0o007, 0);
  file.remove();
  file.remove();
  t.equal(file.read(), undefined);
  t.strictSame(lines, []);
  t.end();
});

for (const text of [
  "",
  "{",
  "[]",
  '{"bootId":"b"}',
  '{"bootId":"b","before":{"enabled":2},"ours":{}}',
  '{"bootId":"b","before":{"backlogLimit":-1},"ours":{}}',
]) {
  t.test(`a file that makes no sense is none: ${text}`, (t) => {
    const directory = t.testdir({ "audit-changes.json": text });
    const { log } = createRecordingLog();
    t.equal(createAuditChangesFile({ directory, bootId: "b", log }).read(), undefined);
    t.end();
  });
}

t.test("a place that cannot be written is said, and nothing else happens", (t) => {
  const directory = join(t.testdir({ "a-file": "" }), "a-file");
  const { log, lines } = createRecordingLog();
  createAuditChangesFile({ directory, bootId: "b", log }).write(changes);
  t.match(lines, [
    { level: "warn", message: /^cannot write what is changed of the kernel's audit/ },
  ]);
  t.end();
});
