// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import type { RunOptions } from "../../daemon/cli/command.ts";
import { commands } from "../../daemon/cli/commands.ts";
import { createProgram } from "../../daemon/cli/program.ts";
import { createControlServer } from "../../daemon/control/server.ts";
import { readSources } from "../../daemon/host/files.ts";
import { formatText } from "../../daemon/outputs/format-text.ts";
import { createRecentOutput } from "../../daemon/outputs/recent-output.ts";
import { sampleControl, sampleTools } from "../control/fixtures/control.ts";
import { sampleStatus } from "../control/fixtures/status.ts";
import { sampleAlert } from "../outputs/fixtures/alert.ts";
import { until } from "../support/until.ts";

/** A program whose terminal is two texts. */
function setUp(defaults: { socketPath?: string; configFile?: string } = {}) {
  const written = { out: "", error: "" };
  const runs: RunOptions[] = [];
  const interruption = new AbortController();
  const program = createProgram({
    terminal: {
      writeOut: (text) => {
        written.out += text;
        return Promise.resolve();
      },
      writeError: (text) => {
        written.error += text;
        return Promise.resolve();
      },
      isTerminal: false,
      isErrorTerminal: false,
      hasColor: false,
      interrupted: interruption.signal,
    },
    runDaemon: (options) => {
      runs.push(options);
      return Promise.resolve(0);
    },
    createFile: () => Promise.resolve(),
    replaceFile: () => Promise.resolve(),
    readSources,
    readInputLines: async function* () {
      yield* await Promise.resolve([]);
    },
    defaults: {
      version: "1.2.3",
      configFile: defaults.configFile ?? "/nowhere/execwarden.yaml",
      socketPath: defaults.socketPath ?? "/nowhere/ew.sock",
    },
  });
  return { program, written, runs, interruption };
}

const usage = [
  { name: "no command shows the help", args: [], code: 2, says: "Usage: execwarden" },
  { name: "an unknown command", args: ["statsu"], code: 2, says: "unknown command 'statsu'" },
  { name: "an unknown option", args: ["status", "--jsn"], code: 2, says: "unknown option '--jsn'" },
  {
    name: "a value that is none of the choices",
    args: ["run", "--mode", "x"],
    code: 2,
    says: "monitor, enforce",
  },
  {
    name: "an option without its value",
    args: ["run", "--config"],
    code: 2,
    says: "argument missing",
  },
  { name: "an argument too many", args: ["status", "now"], code: 2, says: "too many arguments" },
  {
    name: "a pause longer than a day",
    args: ["pause", "--for", "25h"],
    code: 2,
    says: 'cannot pause for "25h": 1s to 24h, such as 10m',
  },
  {
    name: "a pause of no length",
    args: ["pause", "--for", "soon"],
    code: 2,
    says: 'cannot pause for "soon"',
  },
  { name: "half a command", args: ["rules"], code: 2, says: "check" },
];
for (const { name, args, code, says } of usage) {
  t.test(name, async (t) => {
    const { program, written, runs } = setUp();
    t.equal(await program.run(args), code);
    t.equal(written.out, "");
    t.match(written.error, says);
    t.strictSame(runs, []);
  });
}

const helps = [
  { name: "the help of all", args: ["--help"], says: ["Exit codes:", "rules", "policy", "events"] },
  {
    name: "the help of one",
    args: ["events", "--help"],
    says: ["--follow", "Examples:", "--json"],
  },
  {
    name: "the help of a nested one",
    args: ["rules", "check", "--help"],
    says: ["[files...]", "Examples:"],
  },
  { name: "the version option", args: ["--version"], says: ["1.2.3"] },
];
for (const { name, args, says } of helps) {
  t.test(`${name} goes to standard output, with code 0`, async (t) => {
    const { program, written } = setUp();
    t.equal(await program.run(args), 0);
    for (const text of says) t.match(written.out, text);
    t.equal(written.error, "");
  });
}

for (const { path } of commands) {
  t.test(`the help of ${path.join(" ")} has examples`, async (t) => {
    const { program, written } = setUp();
    t.equal(await program.run([...path, "--help"]), 0);
    t.match(written.out, /\n(Examples?:\n| {2}in {3}\{)/);
  });
}

const runRows: { name: string; args: string[]; options: RunOptions }[] = [
  {
    name: "run takes the defaults",
    args: ["run"],
    options: {
      configFile: "/nowhere/execwarden.yaml",
      mode: undefined,
      dockerHost: undefined,
      ruleChoice: { rules: [] },
      isLogJson: false,
    },
  },
  {
    name: "run takes every option",
    args: [
      "run",
      "--config",
      "a.yaml",
      "--mode",
      "enforce",
      "--docker-host",
      "unix:///x",
      "--json-log",
    ],
    options: {
      ...{ configFile: "a.yaml", mode: "enforce", dockerHost: "unix:///x", isLogJson: true },
      ruleChoice: { rules: [] },
    },
  },
];
for (const { name, args, options } of runRows) {
  t.test(name, async (t) => {
    const { program, runs } = setUp();
    t.equal(await program.run(args), 0);
    t.strictSame(runs, [options]);
  });
}

t.test("without a daemon, commands say so and what to try", async (t) => {
  for (const args of [["status"], ["events"], ["events", "--follow"]]) {
    const { program, written } = setUp();
    t.equal(await program.run(args), 3);
    t.equal(
      written.error,
      'cannot reach the daemon at "/nowhere/ew.sock": is it running? try: systemctl status execwarden\n',
    );
  }
  const { program, written } = setUp();
  t.equal(await program.run(["version", "--json"]), 0, "version works alone");
  t.equal(written.out, '{"client":"1.2.3","daemon":null}\n');
});

/** A daemon's API on a socket of its own. */
async function startServer(t: { teardown(handler: () => Promise<void>): void }) {
  const directory = mkdtempSync(join(tmpdir(), "execwarden-"));
  const socketPath = join(directory, "ew.sock");
  const events = createRecentOutput(1000);
  const server = createControlServer(sampleControl(socketPath, { tools: sampleTools({ events }) }));
  await server.start();
  t.teardown(async () => {
    await server.stop();
    rmSync(directory, { recursive: true });
  });
  return { socketPath, events, server };
}

t.test("status and version ask the daemon", async (t) => {
  const { socketPath } = await startServer(t);
  const { program, written } = setUp({ socketPath });
  t.equal(await program.run(["status"]), 0);
  t.match(written.out, "execwarden  0.1.0, pid 42, up 1 s");
  written.out = "";
  t.equal(await program.run(["status", "--json"]), 0);
  t.strictSame(JSON.parse(written.out), {
    ...sampleStatus(),
    control: { followers: 0, alertsLost: 0, connectionsRefused: 0 },
  });
  written.out = "";
  t.equal(await program.run(["version"]), 0);
  t.equal(written.out, "execwarden 1.2.3\ndaemon     9.9.9\n");
});

t.test("--socket asks another daemon", async (t) => {
  const { socketPath } = await startServer(t);
  const { program, written } = setUp();
  t.equal(await program.run(["version", "--socket", socketPath, "--json"]), 0);
  t.equal(written.out, '{"client":"1.2.3","daemon":"9.9.9"}\n');
});

t.test("events shows the past ones and ends", async (t) => {
  const { socketPath, events } = await startServer(t);
  for (let i = 0; i < 3; i++) events.write(sampleAlert({ uuid: `n${i}` }));
  const { program, written } = setUp({ socketPath });
  t.equal(await program.run(["events", "--last", "1"]), 0);
  t.equal(written.out, formatText(sampleAlert(), { hasColor: false }));
  written.out = "";
  t.equal(await program.run(["events", "--json"]), 0);
  t.equal(written.out.trimEnd().split("\n").length, 3);
});

t.test("events refuses a number that is none, in the daemon's words", async (t) => {
  const { socketPath } = await startServer(t);
  const { program, written } = setUp({ socketPath });
  t.equal(await program.run(["events", "--last", "x"]), 4);
  t.equal(written.error, 'cannot read last "x": expected a number, 0 to 999999\n');
});

t.test("events --follow goes on until it is interrupted", async (t) => {
  const { socketPath, events } = await startServer(t);
  const { program, written, interruption } = setUp({ socketPath });
  events.write(sampleAlert({ uuid: "past" }));
  const ended = program.run(["events", "--follow", "--json"]);
  const timer = setInterval(() => {
    events.write(sampleAlert({ uuid: "new" }));
  }, 5);
  await until(() => written.out.includes("\n"), 60_000);
  clearInterval(timer);
  interruption.abort();
  t.equal(await ended, 0);
  t.match(written.out, '"uuid":"new"');
  t.notMatch(written.out, '"uuid":"past"');
  t.equal(written.error, "");
});

t.test("events --follow says when the daemon stops", async (t) => {
  const { socketPath, server } = await startServer(t);
  const { program, written } = setUp({ socketPath });
  const ended = program.run(["events", "--follow"]);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await server.stop();
  t.equal(await ended, 3);
  t.match(written.error, /daemon/);
});

const goodRules = `
- list: fetchers
  items: [curl, wget]
- rule: Fetch
  desc: Something is fetched
  condition: evt.type = execve and proc.name in (fetchers) and not allowed_web_fetch
  output: "fetched (command=%proc.cmdline)"
  priority: INFO
`;
const goodPolicies = `
policies:
  - name: no fetching
    severity: high
    rules: [Fetch]
    mode: enforce
    actions: [deny, { notify: [ops] }]
`;

function host(
  t: { testdir(content: Record<string, string | Record<string, string>>): string },
  changes: { config?: string; rules?: string; policies?: string; allowlist?: string } = {},
) {
  const directory = t.testdir({
    "rules.d": { "r.yaml": changes.rules ?? goodRules },
    "policies.d": { "p.yaml": changes.policies ?? goodPolicies },
    "allowlist.yaml":
      changes.allowlist ?? "allowlists: { web_fetch: { images: [byrnedo/alpine-curl] } }\n",
  });
  const config = `
rules_files: [${directory}/rules.d]
policies_files: [${directory}/policies.d]
allowlist_file: ${directory}/allowlist.yaml
outputs: { webhooks: [{ name: ops, url: "http://127.0.0.1:1/" }] }
${changes.config ?? ""}`;
  return { directory, config };
}

const checks: {
  name: string;
  args: string[];
  changes?: Parameters<typeof host>[1];
  code: number;
  out: RegExp[];
}[] = [
  { name: "good rules", args: ["rules", "check"], code: 0, out: [/^ok: 1 rule in 1 file\n$/] },
  {
    name: "good policies",
    args: ["policy", "check"],
    code: 0,
    out: [/^ok: 1 policy in 1 file\n$/],
  },
  {
    name: "a field that there is not",
    args: ["rules", "check"],
    changes: { rules: goodRules.replace("proc.name in", "proc.nam in") },
    code: 1,
    out: [/r\.yaml:6:\d+: error\[[a-z-]+\]: cannot .*"proc\.nam"/, /\^\^/, /1 error in 1 file/],
  },
  {
    name: "a policy about a rule that there is not",
    args: ["policy", "check"],
    changes: { policies: goodPolicies.replace("[Fetch]", "[Fetsch]") },
    code: 1,
    out: [/p\.yaml:5:\d+: error\[unknown-rule\]: cannot .*"Fetsch"/],
  },
  {
    name: "a policy about an output that there is not",
    args: ["policy", "check"],
    changes: { policies: goodPolicies.replace("[ops]", "[opz]") },
    code: 1,
    out: [/error\[unknown-output\]: cannot .*"opz"/],
  },
  {
    name: "an allowlist with a fault",
    args: ["policy", "check"],
    changes: { allowlist: "allowlists: { web_fetch: { image: [x] } }\n" },
    code: 1,
    out: [/allowlist\.yaml:1:\d+: error\[unknown-key\]/],
  },
  {
    name: "a configuration with a fault",
    args: ["rules", "check"],
    changes: { config: "mood: monitor\n" },
    code: 1,
    out: [/execwarden\.yaml:\d+:1: error\[unknown-key\]: cannot .*"mood"/],
  },
];
for (const { name, args, changes, code, out } of checks) {
  t.test(`check: ${name}`, async (t) => {
    const { directory, config } = host(t, changes);
    const configFile = join(directory, "execwarden.yaml");
    writeFileSync(configFile, config);
    const { program, written } = setUp({ configFile });
    t.equal(await program.run(args), code, written.out);
    for (const pattern of out) t.match(written.out, pattern);
    t.equal(written.error, "");
  });
}

t.test("check: named files stand for those of the configuration", async (t) => {
  const { directory, config } = host(t);
  const configFile = join(directory, "execwarden.yaml");
  writeFileSync(configFile, config);
  const other = join(directory, "other.yaml");
  writeFileSync(other, `${goodRules}- rule: Half\n`);
  const { program, written } = setUp({ configFile });
  t.equal(await program.run(["rules", "check", other, "--json"]), 1);
  const report = JSON.parse(written.out) as {
    ok: boolean;
    files: string[];
    diagnostics: unknown[];
  };
  t.equal(report.ok, false);
  t.strictSame(report.files, [other]);
  t.match(report.diagnostics[0], { severity: "error", explanation: /\w/, place: { file: other } });
});

t.test("check: where no daemon is installed, and what can never match", async (t) => {
  const { directory } = host(t);
  const file = join(directory, "mine.yaml");
  const rest = "  desc: d\n  output: o\n  priority: INFO\n";
  writeFileSync(
    file,
    `- rule: Opens\n  condition: evt.type = open\n${rest}- rule: Runs\n  condition: evt.type = execve\n${rest}`,
  );
  const { program, written } = setUp({ configFile: join(directory, "none.yaml") });
  t.equal(await program.run(["rules", "check", file]), 0);
  t.equal(
    written.out,
    "ok: 2 rules in 1 file\ninactive: 1 rule that no event here can match\n" +
      "  Opens: no events of type open are seen\n",
    "and no word about an allowlist that nobody has",
  );
  written.out = "";
  t.equal(await program.run(["rules", "check", file, "--json"]), 0);
  t.match(JSON.parse(written.out), {
    inactive: [{ rule: "Opens", because: "no events of type open are seen" }],
  });
});

t.test("check: a named file that is not there is an error", async (t) => {
  const { program, written } = setUp();
  t.equal(await program.run(["rules", "check", "/nowhere/r.yaml"]), 1);
  t.match(written.out, 'error[file-missing]: cannot find "/nowhere/r.yaml"');
});

t.test("containers says how each is guarded", async (t) => {
  const { socketPath } = await startServer(t);
  const { program, written } = setUp({ socketPath });
  t.equal(await program.run(["containers"]), 0, written.error);
  t.match(written.out, /^CONTAINER +NAME +IMAGE +MODE +PLACES +ALLOWLISTS +POLICIES\n/);
  t.match(
    written.out,
    /3f2a9c1b0d4e +quirky_turing +byrnedo\/alpine-curl:latest +enforce +1 +- +-\n/,
  );
  t.match(written.out, /dddddddddddd +new +\S+ +not settled +0 /);
  written.out = "";
  t.equal(await program.run(["containers", "--json"]), 0);
  t.match(JSON.parse(written.out), [{ settled: true, devices: ["0:61"] }, { settled: false }]);
});

const explainRows: { name: string; args: string[]; code?: number; says: RegExp[]; not?: RegExp }[] =
  [
    {
      name: "an exec that a rule matches",
      args: ["--image", "nginx", "--cmd", "curl -s x"],
      says: [
        /rules +1 of 1 match/,
        /true {2}proc\.name in \(curl, wget\) {3}\[proc\.name is "curl"\]/,
        /policy "no fetching" applies \(enforce\)/,
        /deny: would be done if enforced \(the daemon's mode is monitor/,
      ],
    },
    {
      name: "an image on the allowlist, by name of the rule",
      args: ["--image", "byrnedo/alpine-curl", "--cmd", "curl x", "--rule", "Fetch"],
      says: [
        /allowlists +web_fetch/,
        /rule "Fetch" \(Informational\) does not match/,
        /allowed_web_fetch/,
        /verdict +allow: no rule matches/,
      ],
    },
    {
      name: "a program that no rule is about",
      args: ["--image", "nginx", "--cmd", "ls"],
      says: [/rules +0 of 1 match/],
    },
    {
      name: "a program that no list has",
      args: ["--image", "shop", "--cmd", "/bin/cat /etc/passwd"],
      says: [/program +not-listed: by the path alone/, /verdict +allow/],
    },
    {
      name: "an applet that a list has",
      args: ["--image", "shop", "--cmd", "ls /", "--path", "/bin/busybox"],
      says: [/program +listed: by the path alone/],
    },
    { name: "nothing", args: [], code: 2, says: [/give an alert's uuid, or both/] },
    { name: "no command", args: ["--image", "x"], code: 2, says: [/both --image and --cmd/] },
    {
      name: "a wrong label",
      args: ["--image", "x", "--cmd", "y", "--label", "z"],
      code: 2,
      says: [/--label "z": expected key=value/],
    },
    {
      name: "what a policy leaves open",
      args: ["--policy", "no fetching"],
      says: [
        /policy "no fetching" by the files of/,
        /out of reach +copy +/,
        /out of reach +interpreter +/,
      ],
    },
    {
      name: "the same as data",
      args: ["--policy", "no fetching", "--json"],
      says: [/"id":"memory-static","name":"a static program in memory","fate":"out of reach"/],
    },
    {
      name: "a policy that there is not",
      args: ["--policy", "none"],
      code: 2,
      says: [/cannot find policy "none" in .*: there are "no fetching"/],
    },
    {
      name: "a rule that there is not",
      args: ["--image", "x", "--cmd", "y", "--rule", "Z"],
      code: 2,
      says: [/cannot find rule "Z"/],
    },
  ];
for (const { name, args, code = 0, says } of explainRows) {
  t.test(`policy explain: ${name}`, async (t) => {
    const allowlist = `allowlists:
  web_fetch: { images: [byrnedo/alpine-curl] }
  shop: { images: [shop], only_from_image: true, programs: [/bin/busybox ls] }
`;
    const { directory, config } = host(t, { allowlist });
    const configFile = join(directory, "execwarden.yaml");
    writeFileSync(configFile, config);
    const { program, written } = setUp({ configFile });
    t.equal(await program.run(["policy", "explain", "--offline", ...args]), code, written.error);
    for (const text of says) t.match(written.out + written.error, text);
  });
}

t.test("policy explain takes an alert of the daemon, and JSON is data", async (t) => {
  const { socketPath, events } = await startServer(t);
  const { directory, config } = host(t);
  const configFile = join(directory, "execwarden.yaml");
  writeFileSync(configFile, config);
  events.write(sampleAlert());
  const { program, written } = setUp({ socketPath, configFile });
  const { uuid } = sampleAlert();
  t.equal(await program.run(["policy", "explain", uuid, "--offline", "--json"]), 0, written.error);
  t.match(JSON.parse(written.out), { mode: "monitor", rules: [], rulesTried: 1 });
  written.out = "";
  t.equal(await program.run(["policy", "explain", uuid, "--offline", "--rule", "Fetch"]), 0);
  t.match(written.out, /true {2}container\.allowlisted\[web_fetch\] = true/);
  t.equal(await program.run(["policy", "explain", uuid.replace("8", "9")]), 4);
  t.match(written.error, /cannot find alert/);
  written.error = "";
  t.equal(await program.run(["policy", "explain", uuid]), 0, "by the daemon's own generation");
});

t.test(
  "policy explain goes by what was judged of the program that an alert tells of",
  async (t) => {
    const { socketPath, events } = await startServer(t);
    const programs = "programs: [/usr/bin/curl]";
    const allowlist = `allowlists: { web_fetch: { images: [nginx, byrnedo/alpine-curl], ${programs} } }\n`;
    const { directory, config } = host(t, { allowlist });
    const configFile = join(directory, "execwarden.yaml");
    writeFileSync(configFile, config);
    const { program, written } = setUp({ socketPath, configFile });
    const alert = sampleAlert();
    events.write({ ...alert, fields: { "proc.allowlist_reason": "not-listed" } });
    t.equal(await program.run(["policy", "explain", alert.uuid, "--offline"]), 0, written.error);
    t.match(written.out, /program +not-listed: as it was judged/);
  },
);

t.test("events takes a filter and fields, and says what is wrong with them", async (t) => {
  const { socketPath, events } = await startServer(t);
  events.write(sampleAlert({ uuid: "a" }));
  events.write(sampleAlert({ uuid: "b", rule: "Other" }));
  const { program, written } = setUp({ socketPath });
  const filter = ["--filter", "alert.rule = Other"];
  t.equal(await program.run(["events", ...filter, "--fields", "alert.uuid,proc.name"]), 0);
  t.equal(written.out, "b\tcurl\n");
  written.out = "";
  t.equal(await program.run(["events", "--fields", "alert.uuid,proc.tty", "--json"]), 0);
  t.equal(
    written.out,
    '{"alert.uuid":"a","proc.tty":34816}\n{"alert.uuid":"b","proc.tty":34816}\n',
  );
  t.equal(await program.run(["events", "--filter", "proc.nam = x"]), 4);
  t.match(written.error, /did you mean "proc\.name"[^]*\^{8}/);
});
