// SPDX-License-Identifier: Apache-2.0
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { run } from "./command.ts";

const checkout = fileURLToPath(new URL("../..", import.meta.url));

/** Runs `systemd/install.sh` or `systemd/uninstall.sh`, and answers with what it said. */
async function setUp(name: string, env: NodeJS.ProcessEnv): Promise<string> {
  const { code, stdout, stderr } = await run(join(checkout, "systemd", name), [], env);
  if (code !== 0) throw new Error(`${name} failed: ${stderr}`);
  return stdout;
}

/** Paths of all files and links, relative to `root`, sorted. */
function filesOf(root: string): readonly string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

t.test("a first installation", async (t) => {
  const root = t.testdir();
  await setUp("install.sh", { DESTDIR: root });
  const library = join(root, "usr/lib/execwarden");

  const places = [
    { path: "usr/lib/execwarden/dist/daemon/main.js", mode: 0o755 },
    { path: "usr/lib/execwarden/dist/daemon/kernel/execwarden.node", mode: 0o755 },
    { path: "usr/lib/execwarden/package.json", mode: 0o644 },
    { path: "usr/lib/execwarden/after-end.sh", mode: 0o755 },
    { path: "usr/lib/execwarden/node_modules/commander/package.json", mode: 0o644 },
    { path: "usr/lib/systemd/system/execwarden.service", mode: 0o644 },
    { path: "usr/lib/execwarden/dist/daemon/kernel/execwarden-authz", mode: 0o755 },
    { path: "usr/lib/systemd/system/execwarden-authz.socket", mode: 0o644 },
    { path: "usr/lib/systemd/system/execwarden-authz.service", mode: 0o644 },
    { path: "usr/share/execwarden/rules/docker.yaml", mode: 0o644 },
    { path: "usr/lib/sysusers.d/execwarden.conf", mode: 0o644 },
    { path: "usr/share/execwarden/rules/second-view.yaml", mode: 0o644 },
    { path: "usr/share/execwarden/rules/web-fetch.yaml", mode: 0o644 },
    { path: "usr/share/execwarden/rules/web-fetchers.yaml", mode: 0o644 },
    { path: "usr/share/execwarden/rules/docker-events.yaml", mode: 0o644 },
    { path: "usr/share/execwarden/rules/programs.yaml", mode: 0o644 },
    { path: "usr/share/doc/execwarden/operations.md", mode: 0o644 },
    { path: "etc/execwarden/execwarden.yaml", mode: 0o640 },
    { path: "etc/execwarden/allowlist.yaml", mode: 0o644 },
    { path: "etc/execwarden/policies.d/web-fetch.yaml", mode: 0o644 },
    { path: "etc/execwarden/policies.d/programs.yaml", mode: 0o644 },
    { path: "etc/execwarden/rules.d", mode: 0o755 },
    { path: "etc/execwarden/conf.d", mode: 0o755 },
  ];
  for (const { path, mode } of places) {
    t.equal(statSync(join(root, path)).mode & 0o7777, mode, path);
  }
  const link = readlinkSync(join(root, "usr/bin/execwarden"));
  t.equal(link, "/usr/lib/execwarden/dist/daemon/main.js");
  t.notOk(existsSync(join(library, "node_modules/typescript")), "no tool comes along");

  t.test("runs without the checkout, on the node that it was built with", async (t) => {
    const program = join(library, "dist/daemon/main.js");
    t.equal(readFileSync(program, "utf8").split("\n", 1)[0], `#!${process.execPath}`);
    const { version } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")) as {
      version: string;
    };
    const { stdout } = await run(program, ["version"], { PATH: "/nowhere" });
    t.match(stdout, version);
  });

  t.test("loads the addon that came along", async (t) => {
    const binding = JSON.stringify(join(library, "dist/daemon/kernel/binding.js"));
    const code = `import { loadBinding } from ${binding};
      loadBinding();
      console.log(process.report.getReport().sharedObjects.filter((path) => path.endsWith("execwarden.node")).join());`;
    const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", code]);
    t.equal(stdout.trim(), join(library, "dist/daemon/kernel/execwarden.node"));
  });

  t.test("comes with rules that are accepted", async (t) => {
    const rules = join(root, "usr/share/execwarden/rules");
    const { code, stdout, stderr } = await run(join(library, "dist/daemon/main.js"), [
      "rules",
      "check",
      rules,
    ]);
    t.equal(code, 0, stdout + stderr);
  });
});

t.test("another prefix is everywhere", async (t) => {
  const root = t.testdir();
  await setUp("install.sh", { DESTDIR: root, PREFIX: "/opt/execwarden" });
  const unit = join(root, "opt/execwarden/lib/systemd/system/execwarden.service");
  t.match(readFileSync(unit, "utf8"), "\nExecStart=/opt/execwarden/bin/execwarden run\n");
  const config = readFileSync(join(root, "etc/execwarden/execwarden.yaml"), "utf8");
  t.match(config, "\n  - /opt/execwarden/share/execwarden/rules\n");
  t.notMatch(config, "/usr/share");
});

t.test("a second installation", async (t) => {
  const root = t.testdir();
  const etc = join(root, "etc/execwarden");
  await setUp("install.sh", { DESTDIR: root });
  appendFileSync(join(etc, "allowlist.yaml"), "# mine\n");
  rmSync(join(etc, "policies.d/web-fetch.yaml"));
  rmSync(join(etc, "policies.d/docker.yaml"));
  rmSync(join(etc, "policies.d/programs.yaml"));
  const stale = join(root, "usr/lib/execwarden/dist/daemon/stale.js");
  appendFileSync(stale, "");
  const said = await setUp("install.sh", { DESTDIR: root });

  t.match(readFileSync(join(etc, "allowlist.yaml"), "utf8"), /# mine\n$/, "keeps what was changed");
  t.notMatch(readFileSync(join(etc, "allowlist.yaml.new"), "utf8"), "# mine");
  t.match(said, "kept /etc/execwarden/allowlist.yaml as you have it", "says so");
  t.notOk(existsSync(join(etc, "execwarden.yaml.new")), "brings nothing new where nothing changed");
  t.strictSame(readdirSync(join(etc, "policies.d")), [], "a removed policy stays removed");
  t.notOk(existsSync(stale), "no program file of before stays");

  t.test("then uninstalled", async (t) => {
    t.match(await setUp("uninstall.sh", { DESTDIR: root }), "kept /etc/execwarden");
    const kept = ["allowlist.yaml", "allowlist.yaml.new", "execwarden.yaml"];
    t.strictSame(
      filesOf(root),
      kept.map((name) => `etc/execwarden/${name}`),
    );
    await setUp("uninstall.sh", { DESTDIR: root, PURGE: "1" });
    t.strictSame(filesOf(root), [], "PURGE=1 leaves nothing");
  });
});
