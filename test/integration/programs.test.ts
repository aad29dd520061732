// Lists of programs on a real engine: what may run in the containers of an image, and what becomes of the rest.
// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { startDaemon, type DaemonOptions, type TestDaemon } from "../support/daemon.ts";
import { daemonProgram } from "../support/daemon-program.ts";
import { requireEngine, startEngine, type TestEngine } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";

const rules = readFileSync(new URL("../../rules/programs.yaml", import.meta.url), "utf8");
const ruleName = "Program Not Allowed in Image Run";
const curl = "/usr/bin/curl";
const policies = `policies:
  - name: Programs of the allowlist only
    rules: [Program Not Allowed in Image Run]
    mode: enforce
    actions: [deny]
`;

function layTools(directory: string): { readonly folder: string; readonly digest: string } {
  const folder = join(directory, "tools");
  mkdirSync(folder);
  const sources = ["attack.c", "attack-beyond.c"].map((name) =>
    fileURLToPath(new URL(`../evasion/${name}`, import.meta.url)),
  );
  const attack = join(folder, "attack");
  execFileSync("gcc", ["-static", "-pthread", "-w", "-o", attack, ...sources]);
  copyFileSync("/bin/busybox", join(folder, "ls"));
  const digest = createHash("sha256").update(readFileSync(attack)).digest("hex");
  return { folder, digest };
}

function allowlist(digest: string): string {
  return `allowlists:
  fetcher:
    images: [${images.curl}]
    programs:
      - ${curl}
      - /bin/busybox sleep
      - /bin/busybox sh
      - /bin/busybox cp
      - /bin/busybox chmod
      - /bin/busybox touch
      - sha256:${digest}
  plain: { images: ["${images.busybox}"], only_from_image: true }
`;
}

interface Attempt {
  readonly name: string;
  readonly where: "fetcher" | "plain";
  readonly argv?: readonly string[];
  readonly script?: string;
  /** What the alert gives as reason; undefined where it runs. */
  readonly why?: string;
}

const loader = "/lib64/ld-linux-x86-64.so.2";
const attempts: readonly Attempt[] = [
  { name: "a listed program", where: "fetcher", argv: [curl, "-V"] },
  { name: "another applet", where: "fetcher", argv: ["/bin/ls", "/"], why: "not-listed" },
  { name: "a copy of a listed program", where: "fetcher", script: `cp ${curl} /tmp/x; /tmp/x -V` },
  {
    name: "a copy with another byte",
    where: "fetcher",
    script: `cp ${curl} /tmp/z; echo >>/tmp/z; /tmp/z -V`,
    why: "not-listed",
  },
  {
    name: "busybox on a tmpfs, as an applet that is not listed",
    where: "fetcher",
    script: "cp /bin/busybox /tmpfs/bb; /tmpfs/bb ls /",
    why: "not-listed",
  },
  {
    name: "a tool of a volume by its digest",
    where: "fetcher",
    argv: ["/tools/attack", "vfork", curl, "-V"],
  },
  {
    name: "another tool of the volume",
    where: "fetcher",
    argv: ["/tools/ls", "/"],
    why: "not-listed",
  },
  { name: "ld.so PROGRAM", where: "fetcher", argv: [loader, curl, "-V"], why: "unseen" },
  {
    name: "a dynamic program in memory",
    where: "fetcher",
    argv: ["/tools/attack", "memory", curl, "-V"],
    why: "unseen",
  },
  {
    name: "a script of their own",
    where: "fetcher",
    script: `printf '#!/bin/sh\\n${curl} -V\\n' >/tmp/s; chmod 755 /tmp/s; /tmp/s`,
    why: "not-listed",
  },
  { name: "a listed shell with it", where: "fetcher", script: "/bin/sh /tmp/s" },
  { name: "a touched program", where: "fetcher", script: `touch ${curl}; ${curl} -V` },
  {
    name: "a program with the bytes of another",
    where: "fetcher",
    script: `cp /bin/busybox ${curl}; ${curl} -V`,
    why: "not-listed",
  },
  { name: "the image's own", where: "plain", argv: ["/bin/ls", "/"] },
  {
    name: "a copy, where only what lies in its place may run",
    where: "plain",
    script: "cp /bin/busybox /tmp/ls; /tmp/ls /",
    why: "not-from-image",
  },
];

async function startBoxes(t: Test, engine: TestEngine, tools: string): Promise<void> {
  const run = async (name: string, image: string, ...options: readonly string[]) => {
    const base = ["run", "--detach", "--network=none", `--name=${name}`, ...options];
    const { code, stderr } = await engine.docker(...base, "--entrypoint=/bin/sleep", image, "600");
    t.equal(code, 0, stderr);
  };
  await run("fetcher", images.curl, `--volume=${tools}:/tools`, "--tmpfs=/tmpfs:exec");
  await run("plain", images.busybox);
  await engine.docker("tag", images.busybox, "other:test");
  await run("other", "other:test");
}

if (requireEngine(t)) {
  const engine = await startEngine();
  t.teardown(() => engine.stop());
  await buildImages(engine);
  const { folder, digest } = layTools(engine.directory);
  const start = async (t: Test, more: Partial<DaemonOptions>): Promise<TestDaemon> => {
    const options: DaemonOptions = { dockerHost: engine.host, mode: "enforce", rules, ...more };
    const daemon = await startDaemon(options);
    t.teardown(() => daemon.stop());
    return daemon;
  };

  await t.test("what may run, and what may not", async (t) => {
    const daemon = await start(t, { policies, allowlist: allowlist(digest) });
    await startBoxes(t, engine, folder);
    for (const { name, where, argv, script, why } of attempts) {
      const before = daemon.alerts.length;
      const words = argv ?? ["/bin/sh", "-c", `${script ?? ""}; exit $?`];
      const { code, stderr, stdout } = await engine.docker("exec", where, ...words);
      t.equal(code === 0, why === undefined, `${name}: exit ${code} ${stderr} ${stdout}`);
      if (why === undefined) continue;
      const told = await daemon.alert(
        (one) => daemon.alerts.indexOf(one) >= before && one.rule === ruleName,
      );
      t.match(
        told,
        {
          output_fields: { "proc.allowlist_reason": why },
          execwarden: { verdict: "deny", container: { name: where } },
        },
        name,
      );
    }
    const { stdout } = await daemon.run("containers", "--json");
    const containers = JSON.parse(stdout) as readonly { name: string; mode: string }[];
    const modes = Object.fromEntries(containers.map(({ name, mode }) => [name, mode]));
    t.strictSame(modes, { fetcher: "enforce", plain: "enforce", other: "observe" });
  });

  await t.test("what was learned runs on, and nothing else", async (t) => {
    const options = { dockerHost: engine.host, rules, policies };
    const daemon = await start(t, { ...options, mode: "monitor" });
    const output = join(engine.directory, "learned.yaml");
    const child = spawn(process.execPath, [
      ...[daemonProgram, "allowlist", "learn", "--socket", daemon.socket],
      ...["--image", images.busybox, "--for", "1h", "--output", output],
    ]);
    const errors = createInterface({ input: child.stderr });
    await once(errors, "line");
    const base = ["run", "--rm", "--network=none", images.busybox, "/bin/sh", "-c"];
    const workload = "/bin/ls / && cp /bin/busybox /tmp/date && /tmp/date";
    // In a container that lives on: a file that is removed before its digest is taken has none.
    const ran = await engine.docker("exec", "plain", "/bin/sh", "-c", workload);
    t.equal(ran.code, 0, ran.stderr);
    child.kill("SIGINT");
    const [code] = (await once(child, "exit")) as [number];
    t.equal(code, 0);
    const allowlistText = readFileSync(output, "utf8");
    t.match(allowlistText, "/bin/busybox date", allowlistText);
    t.notMatch(allowlistText, "only_from_image", "a copy ran");
    daemon.rewrite({ ...options, mode: "enforce", allowlist: allowlistText });
    t.match(await daemon.post("/v1/reload"), { code: 200 });
    const again = await engine.docker(...base, workload);
    t.equal(again.code, 0, `what ran runs: ${again.stderr}`);
    const other = await engine.docker(...base, "/bin/cat /etc/passwd; exit $?");
    t.match(other.stderr, /operation not permitted/i, "another program does not");
    const copy = await engine.docker(
      ...base,
      "cp /bin/busybox /tmp/cat && /tmp/cat /etc/passwd; exit $?",
    );
    t.match(copy.stderr, /operation not permitted/i, "nor by another name");
  });
}
