// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { readConfig, type ConfigEnvironment } from "../../daemon/config/read.ts";
import { diagnosticsToJson, renderDiagnostics } from "../../daemon/text/render.ts";

function read(
  texts: readonly string[],
  environment: ConfigEnvironment = {},
): ReturnType<typeof readConfig> {
  const sources = texts.map((text, i) => ({ name: `${i + 1}`, text }));
  return readConfig(sources, environment);
}

/** `file:line:column severity code: message` of every diagnostic. */
function lines(result: ReturnType<typeof readConfig>): readonly string[] {
  return diagnosticsToJson(result.diagnostics).map(({ place, severity, code, message }) =>
    place === undefined
      ? `${severity} ${code}: ${message}`
      : `${place.file}:${place.line}:${place.column} ${severity} ${code}: ${message}`,
  );
}

const defaults = {
  docker: { host: "unix:///var/run/docker.sock" },
  rulesFiles: ["/usr/share/execwarden/rules", "/etc/execwarden/rules.d"],
  rules: [],
  priority: "Debug",
  ruleMatching: "all",
  appendOutput: [],
  policiesFiles: ["/etc/execwarden/policies.d"],
  allowlistFile: "/etc/execwarden/allowlist.yaml",
  mode: "monitor",
  gate: {
    ...{ deadlineMs: 250, onDeadline: "allow", keepOverRestart: false },
    budget: { execsPerSecond: 100, burst: 1_000 },
  },
  stateDirectory: "/var/lib/execwarden",
  witness: { mode: "gaps", memfd: true },
  watch: false,
  control: { socket: "/run/execwarden/execwarden.sock", group: "execwarden" },
  plugin: { socket: "/run/execwarden/authz.sock", deadlineMs: 2000, onFailure: "allow" },
  outputs: {
    queue: { alertsMax: 10_000, bytesMax: 16 * 2 ** 20 },
    stdout: { format: "auto" },
    webhooks: [],
  },
};

t.test("every key has a default", (t) => {
  for (const texts of [[], [""], ["# only a comment\n"], ["gate:\noutputs:\ncontrol:\n"]]) {
    const result = read(texts);
    t.same(result.diagnostics, []);
    t.strictSame(result.config, defaults);
  }
  t.end();
});

t.test("every key can be set", (t) => {
  const result = read([
    `docker: { host: "tcp://127.0.0.1:2376" }
rules_files: [/r]
rules: [{ disable: { rule: "*" } }, { enable: { tag: t } }]
priority: Info
rule_matching: first
append_output:
  - match: { source: syscall, rule: R, tags: [a] }
    extra_output: "%evt.num"
    extra_fields: [evt.cpu, { home: "of %user.name" }]
    suggested_output: true
policies_files: []
allowlist_file: /a.yaml
mode: enforce
gate:
  { deadline: 1s, on_deadline: deny, budget: { execs_per_second: 0, burst: 7 }, keep_over_restart: true }
control: { socket: /s.sock, group: docker }
state_directory: /state
watch: true
plugin: { socket: /p.sock, deadline: 1s, on_failure: deny }
outputs:
  stdout: { format: json }
  queue: { alerts: 500, size: 2MiB }
  file: { path: /e.json, rotate: { size: 1MiB, keep: 2 } }
  spool: { directory: /s, size: 1GiB, fsync: always }
  webhooks:
    - name: ops
      url: https://a.example.com/x
      timeout: 2s
      headers: { Authorization: Bearer x }
      headers_file: /h
      tls: { ca_file: /ca, cert_file: /cert, key_file: /key }
      requests: 2
      retry: { first_pause: 1s, pause_max: 1m, attempts: 3 }
      spool: false
    - { name: two, url: "http://127.0.0.1:2801/" }
`,
  ]);
  t.same(result.diagnostics, []);
  t.strictSame(result.config, {
    docker: { host: "tcp://127.0.0.1:2376" },
    rulesFiles: ["/r"],
    rules: [
      { action: "disable", by: "rule", pattern: "*" },
      { action: "enable", by: "tag", pattern: "t" },
    ],
    priority: "Informational",
    ruleMatching: "first",
    appendOutput: [
      {
        match: { source: "syscall", rule: "R", tags: ["a"] },
        extraOutput: "%evt.num",
        extraFields: [
          { name: "evt.cpu", format: "%evt.cpu", isRaw: true },
          { name: "home", format: "of %user.name", isRaw: false },
        ],
        isSuggested: true,
      },
    ],
    policiesFiles: [],
    allowlistFile: "/a.yaml",
    mode: "enforce",
    gate: {
      ...{ deadlineMs: 1000, onDeadline: "deny", keepOverRestart: true },
      budget: { execsPerSecond: 0, burst: 7 },
    },
    witness: { mode: "gaps", memfd: true },
    watch: true,
    control: { socket: "/s.sock", group: "docker" },
    stateDirectory: "/state",
    plugin: { socket: "/p.sock", deadlineMs: 1000, onFailure: "deny" },
    outputs: {
      queue: { alertsMax: 500, bytesMax: 2 * 2 ** 20 },
      stdout: { format: "json" },
      file: { path: "/e.json", rotate: { bytesMax: 2 ** 20, keep: 2 } },
      webhooks: [
        {
          name: "ops",
          url: "https://a.example.com/x",
          timeoutMs: 2000,
          headers: { Authorization: "Bearer x" },
          requestsMax: 2,
          headersFile: "/h",
          tls: { caFile: "/ca", certFile: "/cert", keyFile: "/key" },
          retry: { firstPauseMs: 1000, pauseMaxMs: 60_000, attemptsMax: 3 },
        },
        {
          name: "two",
          url: "http://127.0.0.1:2801/",
          timeoutMs: 5000,
          headers: {},
          requestsMax: 4,
          tls: {},
          retry: { firstPauseMs: 250, pauseMaxMs: 30_000, attemptsMax: 10 },
          spool: { directory: "/s", bytesMax: 2 ** 30, fsync: "always" },
        },
      ],
    },
  });
  t.end();
});

const stdout: readonly [name: string, text: string, value: unknown][] = [
  ["off", "false", undefined],
  ["on", "true", { format: "auto" }],
  ["off, with a format", "{ enabled: false, format: json }", undefined],
  ["on, with a format", "{ enabled: true, format: text }", { format: "text" }],
];

for (const [name, text, value] of stdout) {
  t.test(`standard output ${name}`, (t) => {
    t.strictSame(read([`outputs: { stdout: ${text} }`]).config?.outputs.stdout, value);
    t.end();
  });
}

t.test("later files win key by key, and lists are replaced", (t) => {
  const { config, diagnostics } = read([
    "mode: enforce\ngate: { deadline: 1s, on_deadline: deny }\nrules_files: [/a, /b]\noutputs: { stdout: { format: json }, file: { path: /x } }",
    "gate: { deadline: 20ms }\nrules_files: [/c]\nmode:\noutputs: { stdout: false }",
  ]);
  t.same(diagnostics, []);
  t.equal(config?.mode, "enforce", "a key without a value changes nothing");
  t.match(config?.gate, { deadlineMs: 20, onDeadline: "deny" });
  t.strictSame(config?.rulesFiles, ["/c"]);
  t.strictSame(config?.outputs, {
    queue: defaults.outputs.queue,
    file: { path: "/x", rotate: { bytesMax: 100 * 2 ** 20, keep: 5 } },
    webhooks: [],
  });
  t.end();
});

const hosts: readonly [name: string, text: string, dockerHost: string | undefined, host: string][] =
  [
    ["the default", "", undefined, "unix:///var/run/docker.sock"],
    ["an empty DOCKER_HOST is none", "", "", "unix:///var/run/docker.sock"],
    ["DOCKER_HOST", "", "unix:///x.sock", "unix:///x.sock"],
    [
      "the file before DOCKER_HOST",
      "docker: { host: unix:///f.sock }",
      "ssh://x",
      "unix:///f.sock",
    ],
  ];

for (const [name, text, dockerHost, host] of hosts) {
  t.test(`address of the engine: ${name}`, (t) => {
    const result = read([text], dockerHost === undefined ? {} : { dockerHost });
    t.same(result.diagnostics, []);
    t.equal(result.config?.docker.host, host);
    t.end();
  });
}

t.test("a DOCKER_HOST that is none is an error", (t) => {
  const result = read([""], { dockerHost: "ssh://x" });
  t.equal(result.config, undefined);
  t.same(lines(result), [
    'error docker-host: cannot use DOCKER_HOST "ssh://x": expected an address such as unix:///var/run/docker.sock',
  ]);
  t.end();
});

t.test("the witness: gaps and memfd, unless said otherwise", (t) => {
  t.strictSame(read(["mode: enforce"]).config?.witness, { mode: "gaps", memfd: true });
  t.strictSame(read(["witness: { mode: full }", "witness: { memfd: false }"]).config?.witness, {
    mode: "full",
    memfd: false,
  });
  t.end();
});

t.test("every fault of every file is told at its place, and there is no configuration", (t) => {
  const result = read([
    `mode: enfroce
mod: x
rules_files: /etc/x
policies_files: [etc/y, 3]
gate:
  deadline: 250
  on_deadline: maybe
  deadlin: 1s
witness: { mode: gasp }
docker: { host: /var/run/docker.sock }
control: nothing
outputs:
  stdout: { format: xml, colour: true }
  file: {}
  webhooks:
    - name: ops
      url: ftp://x
    - { name: stdout, url: "https://x.example.com", timeout: 5m, headers: { A: 1 } }
    - name: ops
      url:
allowlist_file: /a
allowlist_file: /b
`,
    "gate: { deadline: 11s }\n",
  ]);
  t.equal(result.config, undefined);
  t.strictSame(lines(result), [
    '1:1:7 error wrong-value: cannot read "mode": expected monitor or enforce, got "enfroce"; did you mean "enforce"?',
    '1:2:1 error unknown-key: cannot use the key "mod" here: did you mean "mode"?',
    '1:3:14 error wrong-value: cannot read "rules_files": expected a list, got "/etc/x"',
    '1:4:18 error wrong-value: cannot read item 1 of "policies_files": expected a path that starts with /, got "etc/y"',
    '1:4:25 error wrong-value: cannot read item 2 of "policies_files": expected text, got 3: put it in quotes',
    '1:6:13 error wrong-value: cannot read "gate.deadline": expected a duration from 10ms to 10s, such as 10s, got 250',
    '1:7:16 error wrong-value: cannot read "gate.on_deadline": expected allow or deny, got "maybe"',
    '1:8:3 error unknown-key: cannot use the key "gate.deadlin" here: did you mean "deadline"?',
    '1:9:18 error wrong-value: cannot read "witness.mode": expected gaps, full or off, got "gasp"; did you mean "gaps"?',
    '1:10:17 error wrong-value: cannot read "docker.host": expected an address such as unix:///var/run/docker.sock or tcp://127.0.0.1:2376, got "/var/run/docker.sock"',
    '1:11:10 error wrong-value: cannot read "control": expected a map, got "nothing"',
    '1:13:21 error wrong-value: cannot read "outputs.stdout.format": expected auto, text or json, got "xml"',
    '1:13:26 error unknown-key: cannot use the key "outputs.stdout.colour" here: known keys are enabled, format',
    '1:14:3 error missing-key: cannot find "outputs.file.path": expected text',
    '1:17:12 error wrong-value: cannot read "url": expected an address such as https://alerts.example.com/execwarden, got "ftp://x"',
    '1:18:15 error wrong-value: cannot read "name": expected a name other than stdout and file and recent, which are outputs already, got "stdout"',
    '1:18:62 error wrong-value: cannot read "timeout": expected a duration from 100ms to 60s, such as 60s, got "5m"',
    '1:18:80 error wrong-value: cannot read "headers.A": expected text',
    '1:19:13 error repeated-output: cannot define the output "ops" twice: give this one another name',
    '1:20:7 error missing-key: cannot find "url": expected text',
    '1:22:1 error repeated-key: cannot use the key "allowlist_file" twice in one map: remove one of them',
    '2:1:19 error wrong-value: cannot read "gate.deadline": expected a duration from 10ms to 10s, such as 10s, got "11s"',
  ]);
  t.end();
});

t.test("what may be secret is shown neither in a message nor in an excerpt", (t) => {
  const texts = [
    'outputs: { webhooks: [{ name: a, url: "https://h.example/s3cret-token-in-path", timeout: 1h, headers: { A: "s3cret" } }] }',
    "outputs:\n  webhooks:\n    - { name: a, url: 'ftp://me:s3cret@h' }\n",
    'outputs:\n  webhooks:\n    - name: a\n      url: http://h/\n      headers: { Host: s3cret, X: "s3cret\\n" }\n',
    "outputs:\n  webhooks:\n    - name: [\n      headers: { Authorization: s3cret }\n",
  ];
  for (const text of texts) {
    const { diagnostics, config } = read([text]);
    t.equal(config, undefined);
    const shown = renderDiagnostics(diagnostics) + JSON.stringify(diagnosticsToJson(diagnostics));
    t.notMatch(shown, /s3cret/);
    t.match(shown, /1:\d+:\d+: error/, "and yet the place is");
  }
  t.end();
});

t.test("settings of outputs are checked together", (t) => {
  const result = read([
    `outputs:
  queue: { alerts: 5, size: 64MB }
  file: { path: /x, rotate: { size: 1KiB, kep: 1 } }
  spool: { fsync: sometimes, size: 1B }
  webhooks:
    - { name: a/b, url: "http://h/", tls: { cert_file: /c }, requests: 0, retry: { atempts: 3 } }
`,
  ]);
  t.strictSame(lines(result), [
    '1:2:20 error wrong-value: cannot read "outputs.queue.alerts": expected at least 100, got 5',
    '1:2:29 error wrong-value: cannot read "outputs.queue.size": expected a size from 1MiB to 4GiB, such as 4GiB, got "64MB"',
    '1:3:37 error wrong-value: cannot read "outputs.file.rotate.size": expected a size from 64KiB to 1024GiB, such as 1024GiB, got "1KiB"',
    '1:3:43 error unknown-key: cannot use the key "outputs.file.rotate.kep" here: did you mean "keep"?',
    '1:4:19 error wrong-value: cannot read "outputs.spool.fsync": expected always, interval or never, got "sometimes"',
    '1:4:36 error wrong-value: cannot read "outputs.spool.size": expected a size from 1MiB to 64GiB, such as 64GiB, got "1B"',
    '1:6:15 error wrong-value: cannot read "name": expected up to 64 letters, digits, dots, - and _, got "a/b"',
    '1:6:43 error wrong-value: cannot read "tls": expected cert_file and key_file together, got a map',
    '1:6:72 error wrong-value: cannot read "requests": expected at least 1, got 0',
    '1:6:84 error unknown-key: cannot use the key "retry.atempts" here: did you mean "attempts"?',
  ]);
  t.end();
});
