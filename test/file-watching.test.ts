// Files on a real disk, watched by the real kernel; reloads are only counted.
// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { readConfig } from "../daemon/config/read.ts";
import { FileWatching } from "../daemon/file-watching.ts";
import type { ReloadListener } from "../daemon/generations.ts";
import type { ReloadReport } from "../daemon/model/generation.ts";
import { createRecordingLog } from "./support/recording-log.ts";
import { until } from "./support/until.ts";

const waitMs = 20_000;
const report: ReloadReport = {
  ...{ result: "done", generation: 1, atMs: 0, by: "", tookMs: 0, longestSliceMs: 0 },
  ...{ changed: [], needsRestart: [], faults: [], text: "" },
};

/** Files in a directory of their own, watched; `rules.d` is a link to `v1`, as `files` finds it. */
async function setUp(t: Test, { watch = true }: { readonly watch?: boolean } = {}) {
  const directory = mkdtempSync(join(tmpdir(), "execwarden-watch-"));
  const at = (name: string): string => join(directory, name);
  const write = (name: string, text: string): void => {
    writeFileSync(at(name), text);
  };
  for (const name of ["etc", "v1", "v2"]) mkdirSync(at(name));
  write("v1/rules.yaml", "[]");
  write("v2/rules.yaml", "[] # two");
  write("etc/execwarden.yaml", "");
  symlinkSync("../v1", at("etc/rules.d"));
  const text = JSON.stringify({
    ...{ watch, rules_files: [at("etc/rules.d")], policies_files: [at("etc/policies.d")] },
    allowlist_file: at("etc/allowlist.yaml"),
  });
  const { config } = readConfig([{ name: "c", text }], {});
  if (config === undefined) throw new Error("the test's own configuration is wrong");
  const listeners: ReloadListener[] = [];
  const reloads: string[] = [];
  const generations = {
    config,
    listen: (listener: ReloadListener) => listeners.push(listener),
    reload: (by: string) => {
      for (const listener of listeners) listener.onBegin();
      reloads.push(by);
      for (const listener of listeners) listener.onEnd({ ...report, by });
      return Promise.resolve({ ...report, by });
    },
  };
  const { log, lines } = createRecordingLog();
  const watching = new FileWatching({
    ...{ configFile: at("etc/execwarden.yaml"), generations, log },
    times: { quietMs: 50, quietMaxMs: 500, pollMs: 50 },
  });
  t.teardown(() => {
    watching.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  await watching.start();
  /** Does something and waits for the reload that follows. */
  const changes = async (what: string, act: () => void): Promise<void> => {
    const before = reloads.length;
    act();
    await until(() => reloads.length > before, waitMs);
    t.equal(reloads.at(-1), "a file changed", what);
  };
  return { at, write, changes, watching, reloads, lines, generations };
}

t.test("whatever way a file changes, it is read again", async (t) => {
  const { at, write, changes, lines } = await setUp(t);
  await changes("written", () => {
    write("v1/rules.yaml", "[] # changed");
  });
  await changes("renamed into its place, as editors do", () => {
    write("etc/.execwarden.yaml.tmp", "mode: monitor\n");
    renameSync(at("etc/.execwarden.yaml.tmp"), at("etc/execwarden.yaml"));
  });
  await changes("a link swapped, as mounted settings are", () => {
    symlinkSync("../v2", at("etc/next"));
    renameSync(at("etc/next"), at("etc/rules.d"));
  });
  await changes("where the link leads now", () => {
    write("v2/more.yaml", "[]");
  });
  await changes("removed", () => {
    rmSync(at("v2/more.yaml"));
  });
  await changes("a directory that was not there", () => {
    mkdirSync(at("etc/policies.d"));
    write("etc/policies.d/p.yaml", "policies: []");
  });
  await changes("a file in it", () => {
    write("etc/policies.d/q.yaml", "policies: []");
  });
  t.strictSame(lines, []);
});

t.test("many changes at once are one reload, and other files none", async (t) => {
  const { write, changes, reloads } = await setUp(t);
  write("etc/notes.txt", "nothing to do with it");
  write("v1/.hidden.yaml", "nor this");
  await changes("a copy of many files", () => {
    for (let index = 0; index < 100; index += 1) write(`v1/r${index}.yaml`, "[]");
  });
  t.ok(reloads.length <= 2, `${reloads.length} reloads for 100 files`);
});

t.test("without `watch: true`, or after the end, nothing is reloaded", async (t) => {
  const off = await setUp(t, { watch: false });
  off.write("v1/rules.yaml", "[] # off");
  const stopped = await setUp(t);
  stopped.watching.stop();
  stopped.write("v1/rules.yaml", "[] # stopped");
  // A third one, begun later, sees a change: the others had the time to see theirs.
  const on = await setUp(t);
  await on.changes("the one that watches", () => {
    on.write("v1/rules.yaml", "[] # on");
  });
  t.strictSame([off.reloads, stopped.reloads], [[], []]);
});
