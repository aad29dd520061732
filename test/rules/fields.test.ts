// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { compileScope, loadRules } from "../../daemon/rules/load.ts";
import { listFields } from "../../daemon/rules/fields/catalogue.ts";
import { wholeSource } from "../../daemon/text/located-text.ts";
import { toByteString } from "../../daemon/util/byte-string.ts";
import { engineEvent } from "./docker-event.ts";
import { loadTexts, ruleText } from "./load-text.ts";
import { sampleEvent, sampleProcess, type SampleChanges } from "./sample-event.ts";

/** A field as an alert of the sample event carries it. */
function valueOf(field: string, changes: SampleChanges = {}): unknown {
  const text = ruleText("evt.num >= 0").replace("output: o", `output: "%${field}"`);
  const [rule] = loadTexts([text]).rules;
  const { output, fields } = rule?.formatOutput(sampleEvent(changes)) ?? {};
  return field.includes("(") ? output : fields?.[field];
}

t.test("values of fields", (t) => {
  const onHost = { isOnHost: true };
  const rows: readonly (readonly [field: string, value: unknown, changes?: SampleChanges])[] = [
    ["evt.num", 1],
    ["evt.type", "execve"],
    ["evt.type.is.execve", 1],
    ["evt.type.is.open", 0],
    ["evt.dir", "<"],
    ["evt.res", "SUCCESS"],
    ["evt.time", 1_700_000_005_123_456_789n],
    ["tolower(evt.time)", "22:13:25.123456789"],
    ["tolower(evt.time.iso8601)", "2023-11-14t22:13:25.123456789+0000"],
    [
      "tolower(evt.datetime.s)",
      "2024-02-29 00:00:00",
      { event: { timeNs: 1_709_164_800_000_000_000n } },
    ],
    ["evt.rawtime", 1_700_000_005_123_456_789n],
    ["evt.rawtime.ns", 123_456_789n],
    ["evt.hostname", "host-a"],
    ["evt.arg.flags", "0", { process: { uid: 5 } }],
    ["evt.arg.flags", "EXE_WRITABLE"],
    ["evt.arg.linkpath", null],
    ["proc.name", "curl"],
    ["proc.exe", "curl"],
    ["proc.exepath", "/usr/bin/curl"],
    ["proc.args", "https://example.com"],
    ["proc.args[0]", "https://example.com"],
    ["proc.args[7]", ""],
    ["proc.cmdline", "curl https://example.com"],
    ["proc.cmdline", "curl", { process: { argv: ["curl"] } }],
    ["proc.cmdline", "curl grün", { process: { argv: ["curl", toByteString("grün")] } }],
    ["proc.cmdline", null, { event: { isArgvKnown: false } }],
    ["proc.exe", null, { event: { isArgvKnown: false } }],
    ["proc.cmdnargs", 1],
    ["proc.cmdlenargs", 19],
    ["proc.env", "HOME=/root PATH=/bin"],
    ["proc.env[PATH]", "/bin"],
    ["proc.env[PAT]", ""],
    ["proc.cwd", "/work/"],
    ["proc.cwd", "/", { process: { cwd: "/" } }],
    ["proc.pname", "sh"],
    ["proc.pcmdline", "sh -c go"],
    ["proc.aname", "sh tini"],
    ["proc.aname[0]", "curl"],
    ["proc.aname[2]", "tini"],
    ["proc.aname[3]", null],
    ["proc.acmdline[1]", "sh -c go"],
    ["proc.apid", 100],
    ["proc.apid[2]", 50],
    ["proc.aenv[HOME]", "/root"],
    ["proc.ppid", 60],
    ["proc.vpid", 10],
    ["proc.pvpid", 5],
    ["proc.sname", "tini"],
    ["proc.sid.exe", "tini"],
    ["proc.pgid.name", "curl"],
    ["proc.vpgid.name", "curl"],
    ["proc.is_vpgid_leader", true],
    ["proc.is_sid_leader", false],
    ["proc.loginshellid", 60],
    ["proc.duration", 1_123_456_789n],
    ["proc.exe_ino", 7n],
    ["proc.is_exe_writable", true],
    ["proc.is_exe_writable", false, { process: { uid: 5, capEffective: 0n } }],
    ["proc.is_exe_writable", true, { process: { uid: 5 }, file: { uid: 5 } }],
    ["thread.cap_effective", null],
    [
      "thread.cap_effective",
      "CAP_CHOWN CAP_SYS_ADMIN",
      { process: { capEffective: (1n << 21n) | 1n } },
    ],
    ["thread.ismain", true],
    ["thread.vtid", 10],
    ["proc.nthreads", 1],
    ["proc.nchilds", 0],
    ["proc.pidns_init_start_ts", 1_700_000_004_000_000_000n],
    [
      "proc.pidns_init_start_ts",
      1_700_000_000_000_000_000n,
      { process: { parent: sampleProcess({ pid: 1, vpid: 1 }) } },
    ],
    ["proc.exe_ino.ctime_duration_pidns_start", null],
    [
      "proc.exe_ino.ctime_duration_pidns_start",
      5n,
      { file: { ctimeNs: 1_700_000_004_000_000_005n } },
    ],
    ["evt.latency", 0],
    ["evt.latency.human", "0ns"],
    ["evt.count.exit", 1],
    ["evt.count.error", null],
    ["container.host_pid", null],
    ["container.host_pid", true, { container: { sharesHostPid: true } }],
    ["container.host_ipc", false, { container: { sharesHostIpc: false } }],
    ["user.name", "root"],
    ["user.name", "<NA>", { process: { uid: 7 } }],
    ["user.name", "eve", { process: { uid: 7, userName: "eve" } }],
    ["user.loginuid", -1],
    ["user.loginname", "<NA>"],
    ["group.name", "root"],
    ["container.id", "cccccccccccc"],
    ["container.id", "host", onHost],
    ["container.name", "host", onHost],
    ["container.image", null, onHost],
    ["container.full_id", "c".repeat(64)],
    ["container.image", "byrnedo/alpine-curl:latest"],
    ["container.image.repository", "byrnedo/alpine-curl"],
    ["container.image.tag", "latest"],
    ["container.image.id", "e".repeat(64)],
    ["container.label[com.docker.compose.project]", "shop"],
    ["container.label[absent]", null],
    ["container.label[constructor]", null],
    ["container.label[__proto__]", null],
    ["image.label[constructor]", null],
    [
      "k8s.pod.label[constructor]",
      null,
      { container: { kubernetes: { namespace: "n", pod: "p" } } },
    ],
    ["container.labels", "com.docker.compose.project:shop,io.kubernetes.pod.name:p"],
    ["container.privileged", false],
    ["container.mounts", "/var/run/docker.sock:/run/docker.sock:ro:false:rprivate"],
    ["container.mount.dest[/var/run/docker.sock]", "/run/docker.sock"],
    ["container.mount.dest[/var/*]", "/run/docker.sock"],
    ["container.mount.source[0]", "/var/run/docker.sock"],
    ["container.mount.dest[/etc]", null],
    ["container.duration", 5_123_456_789n],
    ["container.compose.service", "fetcher"],
    ["container.swarm.service", null],
    ["container.allowlisted[web_fetch]", true, { event: { allowlists: new Set(["web_fetch"]) } }],
    ["image.repository", "docker.io/byrnedo/alpine-curl"],
    ["image.label[com.example.team]", "platform"],
    ["host.name", "host-a"],
    ["k8s.ns.name", null],
    ["k8s.pod.name", "p", { container: { kubernetes: { namespace: "n", pod: "p" } } }],
    ["fd.name", null],
  ];
  for (const [field, value, changes] of rows) t.same(valueOf(field, changes), value, field);
  t.end();
});

t.test("the leader of a session that is out of sight has no name", (t) => {
  t.equal(valueOf("proc.sname", { process: { sid: 9999 } }), null);
  t.end();
});

t.test("checks on any ancestor", (t) => {
  const event = sampleEvent();
  const matches = (condition: string): number =>
    loadTexts([ruleText(condition)]).match(event).length;
  t.equal(matches("proc.aname = tini"), 1);
  t.equal(matches("proc.aname = curl"), 0, "the process itself does not count");
  t.equal(matches("proc.aname != tini"), 1, "another ancestor differs");
  t.equal(matches("proc.apid = 50"), 1);
  t.equal(matches("proc.apid in (50)"), 0, "as upstream: no length is passed (quirk)");
  t.equal(matches("not proc.aname in (tini, sh)"), 0);
  const orphan = { ...event, process: sampleProcess({ comm: "curl" }) };
  t.equal(loadTexts([ruleText("proc.aname != tini")]).match(orphan).length, 0);
  t.end();
});

t.test("outputs", (t) => {
  const rows: readonly (readonly [string, string, SampleChanges?])[] = [
    ["%proc.name", "curl"],
    ["*%proc.name", "curl"],
    ["%6proc.name|", "curl  |"],
    ["%2proc.name|", "cu|"],
    ["%proc.namezz", "curlzz"],
    ["%proc.name.", "curl."],
    ["%evt.num-%evt.type", "1-execve"],
    ["%proc.args[0])", "https://example.com)"],
    ["%container.image.tagged", "latestged"],
    ["%toupper(proc.name)", "CURL"],
    ["%fd.name", "<NA>"],
    ["%k8s.ns.name %proc.name", "<NA> curl"],
    ["%proc.is_exe_writable", "true"],
    ["%container.name", "host", { isOnHost: true }],
    ["%container.info x", "x"],
    ["no field", "no field"],
    ["%proc.cmdline", "curl a\x1b[31m\ufffd", { process: { argv: ["curl", "a\x1b[31m\xff"] } }],
  ];
  for (const [format, output, changes] of rows) {
    const text = ruleText("evt.num >= 0").replace("output: o", `output: ${JSON.stringify(format)}`);
    const [rule] = loadTexts([text]).rules;
    t.equal(rule?.formatOutput(sampleEvent(changes)).output.trim(), output, format);
  }
  const text = ruleText("evt.num >= 0").replace(
    "output: o",
    `output: "%toupper(proc.name) %fd.num"`,
  );
  const [rule] = loadTexts([text]).rules;
  const { fields } = rule?.formatOutput(sampleEvent()) ?? {};
  t.same(
    fields,
    { "proc.name": "curl", "fd.num": null },
    "fields inside transformers, not the transformers",
  );
  t.end();
});

t.test("scopes", (t) => {
  const scope = (text: string) => compileScope(wholeSource({ name: "<scope>", text }));
  const event = sampleEvent();
  const rows: readonly (readonly [string, boolean])[] = [
    ["container.label[com.docker.compose.project] = shop", true],
    ["image.repository glob docker.io/byrnedo/*", true],
    ["host.name = host-a and not container.privileged = true", true],
    ["container.id = host", false],
    ["container.allowlisted[x] = true", false],
  ];
  for (const [text, expected] of rows) t.equal(scope(text).predicate?.(event), expected, text);
  const refused: readonly (readonly [string, string])[] = [
    ["proc.name = curl", "unknown-field"],
    ["container", "unknown-macro"],
    ["image.repository =", "syntax"],
  ];
  for (const [text, code] of refused) {
    const { predicate, diagnostics } = scope(text);
    t.equal(predicate, undefined, text);
    t.equal(diagnostics[0]?.code, code, text);
  }
  t.match(scope("proc.name = curl").diagnostics[0]?.message, "container.");
  t.end();
});

t.test("every field can be used, and has a type and a description", (t) => {
  const fields = listFields();
  t.ok(fields.length > 250);
  t.equal(new Set(fields.map(({ name }) => name)).size, fields.length, "names are unique");
  for (const { name, type, description } of fields) {
    t.ok(type !== "" && description !== "", name);
    const tries = [name, `${name}[0]`, `${name}.execve`].map((field) =>
      ruleText(`${field} exists`),
    );
    const isUsable = tries.some((text) => loadRules({ files: [{ name: "f", text }] }).ruleset);
    t.ok(isUsable, `${name} exists`);
  }
  t.end();
});

t.test("no field throws on an engine's event with as little as possible in it", (t) => {
  const source = "  source: docker\n";
  const fields = listFields().flatMap(({ name }) => [`%${name}`, `%${name}[0]`]);
  const usable = fields.filter((field) => {
    const text = ruleText("evt.num >= 0", source).replace("output: o", `output: "${field}"`);
    return loadRules({ files: [{ name: "f", text }] }).ruleset !== undefined;
  });
  t.ok(usable.length > 200, "fields of other sources are known, and have no value");
  const text = ruleText("evt.num >= 0", source).replace(
    "output: o",
    `output: "${usable.join(" ")}"`,
  );
  const [rule] = loadTexts([text]).rules;
  const bare = engineEvent({
    ...{ type: "x", action: "", actorId: "", scope: "", timeNs: 1n, attributes: {} },
  });
  t.match(rule?.formatOutput(bare).output, "<NA>");
  t.end();
});

t.test("no field throws on an event with as little as possible in it", (t) => {
  const bare = sampleEvent({ process: { argv: [], env: [], exe: "" }, isOnHost: true });
  const orphan = { ...bare, process: { ...sampleProcess({ argv: [] }) } };
  const format = listFields()
    .flatMap(({ name }) => [`%${name}`, `%${name}[0]`])
    .filter((field) => {
      const text = ruleText("evt.num >= 0").replace("output: o", `output: "${field}"`);
      return loadRules({ files: [{ name: "f", text }] }).ruleset !== undefined;
    })
    .join(" ");
  const text = ruleText("evt.num >= 0").replace("output: o", `output: "${format}"`);
  const [rule] = loadTexts([text]).rules;
  t.match(rule?.formatOutput(orphan).output, "<NA>");
  t.end();
});
