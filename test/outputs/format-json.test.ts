// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import type { Alert } from "../../daemon/model/alert.ts";
import { createJsonFormatter, formatJson } from "../../daemon/outputs/format-json.ts";
import { actsOnTerminal, sampleAlert, sampleContainer } from "./fixtures/alert.ts";

process.env["TZ"] = "Etc/GMT+1";

// Tests may say what JSON.parse gave them.
type Json = Record<string, unknown>;
function parsed(alert: Alert): Json {
  return JSON.parse(formatJson(alert)) as Json;
}

t.test("an alert has Falco's members, in Falco's forms", (t) => {
  const { execwarden, output_fields, ...falco } = parsed(sampleAlert());
  t.strictSame(falco, {
    uuid: "8a1f5a0e-6d2c-4a66-9d0b-1a2b3c4d5e6f",
    // Falco prints its own time zone in the text, and UTC in `time`.
    output:
      "02:04:05.123456789: Informational Web fetch program ran (command=curl http://example.com)",
    priority: "Informational",
    rule: "Run Web Fetch Program in Container",
    time: "2026-01-02T03:04:05.123456789Z",
    source: "syscall",
    hostname: "node1",
    tags: ["container", "network"],
  });
  t.ok(output_fields);
  t.ok(execwarden);
  t.end();
});

t.test("time in nanoseconds keeps every digit, as an integer", (t) => {
  t.match(formatJson(sampleAlert()), '"evt.time":1767323045123456789,');
  t.end();
});

const times = [
  { name: "a whole second has nine zeros", ns: 1_767_323_045_000_000_000n, time: "05.000000000Z" },
  { name: "one nanosecond is padded", ns: 1_767_323_045_000_000_001n, time: "05.000000001Z" },
  {
    name: "the last nanosecond is not rounded up",
    ns: 1_767_323_045_999_999_999n,
    time: "05.999999999Z",
  },
];
for (const { name, ns, time } of times) {
  t.test(name, (t) => {
    t.equal(parsed(sampleAlert({ timeNs: ns }))["time"], `2026-01-02T03:04:${time}`);
    t.end();
  });
}

t.test("absent fields are null, and fields are never empty", (t) => {
  t.match(formatJson(sampleAlert()), '"container.privileged":null');
  t.match(formatJson(sampleAlert({ fields: {} })), '"output_fields":{"evt.time":1767');
  t.end();
});

t.test("field values keep their types", (t) => {
  const fields = { list: ["a", 1n, null], big: 18446744073709551615n, yes: true, no: Infinity };
  t.match(
    formatJson(sampleAlert({ fields })),
    '{"list":["a",1,null],"big":18446744073709551615,"yes":true,"no":null,"evt.time"',
  );
  t.end();
});

t.test("the context that Falco has no place for is in one object", (t) => {
  t.strictSame(parsed(sampleAlert())["execwarden"], {
    description: "A program that fetches from the web ran in a container",
    policies: [{ name: "Web fetch", severity: "high", mode: "enforce", runbook: "https://wiki/x" }],
    verdict: "deny",
    held: true,
    outcomes: [{ action: "deny", status: "done", took_ms: 0.123 }],
    process: {
      pid: 4711,
      vpid: 27,
      name: "curl",
      exepath: "/usr/bin/curl",
      cmdline: "curl http://example.com",
      tty: 34816,
      uid: 0,
      gid: 0,
      cwd: "/work dir",
    },
    ancestors: [
      { pid: 4700, vpid: 14, name: "sh", exepath: "/bin/busybox", cmdline: "sh -c x" },
      { pid: 4600, vpid: 1, name: "init", exepath: "/init", cmdline: "/init" },
    ],
    user: { uid: 0, name: "root", gid: 0, group: "root", loginuid: 1000, loginname: "alice" },
    container: {
      id: sampleContainer.id,
      name: "quirky_turing",
      image: {
        reference: "byrnedo/alpine-curl:latest",
        repository: "byrnedo/alpine-curl",
        normalized_repository: "docker.io/byrnedo/alpine-curl",
        tag: "latest",
        digest: `sha256:${"5".repeat(64)}`,
        id: `sha256:${"a".repeat(64)}`,
      },
      labels: { "com.docker.compose.project": "shop" },
      compose: { project: "shop", service: "web" },
      privileged: true,
      mounts: [
        {
          type: "bind",
          source: "/srv",
          destination: "/data",
          mode: "rw",
          read_write: true,
          propagation: "rprivate",
        },
      ],
      user: "",
      network_mode: "bridge",
      created: "2026-01-02T03:04:04.000000001Z",
      started: "2026-01-02T03:04:05.000000002Z",
    },
    host: { hostname: "node1", machine_id: "m".repeat(32), kernel: "6.18.0", boot_id: "b" },
    engine: {
      id: "ABCD",
      version: "28.1.1",
      api_version: "1.49",
      name: "node1",
      storage_driver: "overlay2",
      cgroup_driver: "systemd",
    },
  });
  t.end();
});

t.test("kubernetes and notify are told in snake case, and what is unknown is left out", (t) => {
  const { compose: _compose, ...rest } = sampleContainer;
  const { engine: _engine, ...alert } = sampleAlert({
    container: { ...rest, kubernetes: { namespace: "prod", pod: "web-1", podUid: "u" } },
    outcomes: [
      { action: { kind: "notify", outputs: ["ops"] }, status: "failed", detail: "no such output" },
    ],
  });
  const context = parsed(alert)["execwarden"] as Json;
  const container = context["container"] as Json;
  t.strictSame(container["kubernetes"], { namespace: "prod", pod: "web-1", pod_uid: "u" });
  t.notOk("compose" in container);
  t.notOk("engine" in context);
  t.strictSame(context["outcomes"], [
    { action: "notify", outputs: ["ops"], status: "failed", detail: "no such output" },
  ]);
  t.end();
});

t.test("one line, whatever the texts hold, and nothing in it acts on a terminal", (t) => {
  const hostile = 'a\nb\r\u001b[2J\u009b31m\u202e\u2028"\\\ud800\u{e0041}\u{1f600}\0';
  const line = formatJson(sampleAlert({ output: hostile }));
  t.notOk(actsOnTerminal(line));
  t.notOk(line.includes("\n"));
  const { output } = JSON.parse(line) as { output: string };
  t.equal(output, `02:04:05.123456789: Informational ${hostile}`);
  t.end();
});

t.test("the formatter writes an alert once for all outputs", (t) => {
  const format = createJsonFormatter();
  const alert = sampleAlert();
  const line = format(alert);
  // A second formatting would see the change.
  Object.assign(alert, { rule: "changed" });
  t.equal(format(alert), line);
  t.not(format({ ...alert }), line);
  t.end();
});
