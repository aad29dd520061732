// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import t from "tap";
import type { RequestFacts } from "../../daemon/model/docker-request.ts";
import type { AuthorizationRequest } from "../../plugin/protocol.ts";
import { readRequest } from "../../plugin/read-request.ts";

const json = { "content-type": "application/json" };

function ask(
  line: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = json,
): AuthorizationRequest {
  const [method = "", uri = ""] = line.split(/ (.*)/s);
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return {
    ...{ user: "", authMethod: "", method, uri, headers },
    ...(body === undefined ? {} : { body: Buffer.from(text) }),
  };
}

function read(
  line: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
): RequestFacts {
  return readRequest(ask(line, body, headers)).facts;
}

const create = "POST /v1.41/containers/create";

t.test("routes are found as the engine finds them, in whatever form the URI comes", (t) => {
  const rows: readonly (readonly [line: string, action: string, target: string])[] = [
    ["POST /containers/create", "container.create", ""],
    ["POST /v1.41/containers/create?name=x", "container.create", ""],
    ["POST /v1.41/containers//create", "container.create", ""],
    ["POST //v1.41/./containers/create", "container.create", ""],
    ["POST /v1.41/x/../containers/create", "container.create", ""],
    ["POST /v1.41/%63ontainers/create", "container.create", ""],
    ["POST /containers/build/exec", "exec.create", "build"],
    ["POST /containers/commit/start", "container.start", "commit"],
    ["POST /v1.41/containers/create/exec", "exec.create", "create"],
    ["POST /build?t=a", "image.build", "a"],
    ["PUT /containers/web/archive?path=/", "container.archive.put", "web"],
    ["GET /containers/web/attach/ws", "container.attach", "web"],
    [
      "POST /images/registry.example.com/a/b/tag?repo=c",
      "image.add_tag",
      "registry.example.com/a/b",
    ],
    ["POST /plugins/a/b:latest/enable", "plugin.enable", "a/b:latest"],
    ["DELETE /containers/web/checkpoints/one", "checkpoint.remove", "web"],
    ["POST /containers/create/", "unknown", ""],
    ["POST /v1.41/something/new", "unknown", ""],
    ["post /containers/create", "unknown", ""],
  ];
  for (const [line, action, target] of rows) {
    t.strictSame([read(line, {}).action, read(line, {}).target], [action, target], line);
  }
  t.equal(read("POST /v1.24/containers/create", {}).apiVersion, "1.24");
  t.end();
});

t.test("what has two readings is a fault", (t) => {
  const rows: readonly (readonly [
    fault: string,
    line: string,
    body?: unknown,
    headers?: Record<string, string>,
  ])[] = [
    ["unknown-route", "POST /v1.41/something/new", {}],
    ["unknown-route", "PURGE /containers/create", {}],
    ["unknown-route", "GET /v1.99/anything/at/all", undefined, {}],
    ["missing-body", "POST /v1.41/containers/create?x=/auth", undefined, json],
    ["missing-body", "POST /v1.41/plugins/x/auth/set", undefined, json],
    ["odd-path", "POST /v1.41//containers/create", {}],
    ["odd-path", "POST /v1.41/containers/../containers/create", {}],
    ["odd-path", "POST /containers/%2fcreate", {}],
    ["odd-path", "POST /containers/a%2fb/exec", {}],
    ["odd-path", "POST /containers/%zz/exec", {}],
    ["repeated-parameter", `${create}?name=a&name=b`, {}],
    ["odd-query", `${create}?name=a;name=b`, {}],
    ["missing-body", create],
    [
      "missing-body",
      create,
      undefined,
      { "content-type": "application/json", "content-length": "0" },
    ],
    ["missing-body", create, undefined, {}],
    ["missing-body", "POST /containers/web/exec"],
    ["missing-body", "POST /v1.23/containers/web/start", undefined, {}],
    ["missing-body", "POST /v1.41/containers/web/start"],
    [
      "form-body",
      "POST /images/create?fromImage=a",
      undefined,
      { "content-type": "application/x-www-form-urlencoded" },
    ],
    ["malformed-json", create, "{"],
    ["malformed-json", create, "\uFEFF{}"],
    ["malformed-json", create, `{"Image":"\u0001"}`],
    ["malformed-json", create, "{'Image':1}"],
    ["trailing-data", create, `{"Image":"a"} {"Image":"b"}`],
    ["trailing-data", create, `{"Image":"a"}]`],
    ["too-deep", create, "[".repeat(100_000)],
    ["too-many-values", create, `[${"1,".repeat(300_000)}1]`],
    ["duplicate-key", create, `{"Image":"a","Image":"b"}`],
    ["duplicate-key", create, `{"HostConfig":{"Privileged":true,"Privileged":false}}`],
    ["duplicate-key", create, `{"Labels":{"a":"1","a":"2"}}`],
    ["case-variant-key", create, `{"Image":"a","image":"b"}`],
    ["case-variant-key", create, `{"hostconfig":{}}`],
    ["case-variant-key", create, `{"HoſtConfig":{}}`],
    ["case-variant-key", create, `{"HostConfig":{"\u212Aernel":1,"Kernel":2}}`],
    ["case-variant-key", create, `{"Host\\u0043onfig":{},"hostConfig":{}}`],
    ["odd-path", "POST http://d/containers/create", {}],
    ["unknown-route", "POST http://d/containers/create", {}],
    ["odd-path", "GET http://d/containers/web/attach/ws", undefined, {}],
    ["unknown-route", "POST /v1.41/v1.41/containers/create", {}],
    ["missing-body", "POST /v1.41/commit?container=web", undefined, json],
    [
      "missing-body",
      "POST /v1.41/commit?container=web",
      undefined,
      { "content-type": "text/plain" },
    ],
  ];
  for (const [fault, ...request] of rows) {
    t.ok(
      read(...request).faults.includes(fault),
      `${fault}: ${request[0]} ${String(request[1]).slice(0, 60)}`,
    );
  }
  t.end();
});

t.test("what the docker command line sends has none", (t) => {
  const rows: readonly Parameters<typeof read>[] = [
    [
      create,
      {
        Image: "a",
        Labels: { A: "1", a: "2" },
        HostConfig: { LogConfig: { Type: "", Config: {} } },
      },
    ],
    [create, { Image: "a" }, { "content-type": "application/json; charset=utf-8" }],
    [
      "POST /v1.41/containers/web/start",
      undefined,
      { "content-length": "0", "content-type": "text/plain" },
    ],
    ["POST /v1.41/containers/web/start", undefined, { "content-type": "text/plain" }],
    [
      "POST /v1.41/images/create?fromImage=alpine&tag=latest",
      undefined,
      { "content-type": "text/plain" },
    ],
    [
      "POST /v1.41/build?t=a&t=b&networkmode=default",
      undefined,
      { "content-type": "application/x-tar" },
    ],
    ["POST /v1.41/containers/web/wait?condition=next-exit", undefined, { "content-length": "0" }],
    ["GET /v1.41/containers/json?all=1&all=2", undefined, {}],
    ["POST /v1.41/commit?container=web", undefined, { "content-length": "0" }],
    ["POST /v1.41/auth", undefined, { "content-type": "application/json", "content-length": "90" }],
    ["GET /debug/pprof/heap", undefined, {}],
  ];
  for (const row of rows) t.strictSame(read(...row).faults, [], row[0]);
  t.end();
});

t.test("the body is read as Go reads it", (t) => {
  t.equal(read(create, `{"hostCONFIG":{"PRIVILEGED":true}}`).isPrivileged, true, "any case");
  t.equal(read(create, `{"HoſtConfig":{"Privileged":true}}`).isPrivileged, true, "long s");
  t.strictSame(read(create, `{"Networ\u212AingConfig":{}}`).faults, [], "kelvin, nothing read");
  t.equal(
    read(create, `{"HostConfig":{"Privileged":true,"Pr\u0131vileged":false}}`).isPrivileged,
    true,
    "a dotless i is no i to Go",
  );
  t.strictSame(
    read(create, `{"HostConfig":{"MaskedPaths":[],"ReadonlyPaths":null}}`).securityOpt,
    ["systempaths=unconfined"],
    "nothing of /proc is masked",
  );
  t.strictSame(read(create, `{"HostConfig":{"MaskedPaths":null}}`).securityOpt, []);
  const unconfined = (HostConfig: object): unknown => read(create, { HostConfig }).unconfined;
  t.strictSame(
    unconfined({ MaskedPaths: ["/proc/acpi"] }),
    ["systempaths"],
    "all but one are bare",
  );
  t.strictSame(unconfined({ ReadonlyPaths: ["/nowhere"] }), ["systempaths"], "a list of nothing");
  const usual = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];
  t.strictSame(
    unconfined({ ReadonlyPaths: [...usual, "/more"] }),
    [],
    "the engine's own, and more",
  );
  for (const path of usual)
    t.strictSame(
      unconfined({ ReadonlyPaths: usual.filter((one) => one !== path) }),
      ["systempaths"],
      path,
    );
  t.strictSame(read(create, { HostConfig: { Capabilities: ["CAP_BPF"] } }).capAdd, ["BPF"]);
  t.equal(
    read(create, `{"HostConfig":{"Privileged":true},"HostConfig":{"PidMode":"host"}}`).isPrivileged,
    true,
    "repeated objects are merged",
  );
  t.equal(
    read(create, `{"HostConfig":{"Privileged":false,"privileged":true}}`).isPrivileged,
    true,
    "the last one counts",
  );
  t.strictSame(read(create, `{"Cmd":"id"}`).cmd, ["id"], "a text where a list may stand");
  t.strictSame(
    read(create, `{"Image":"a","Env":["A=1","B"]} x`).env,
    ["A", "B"],
    "what follows is nothing to it",
  );
  t.strictSame(read(create, { HostConfig: { CapAdd: ["cap_sys_admin", "NET_ADMIN"] } }).capAdd, [
    "SYS_ADMIN",
    "NET_ADMIN",
  ]);
  t.end();
});

t.test("binds are found in every place they can stand in", (t) => {
  const sources = (body: unknown, line = create): unknown =>
    read(line, body).binds.map(({ path }) => path);
  t.strictSame(sources({ HostConfig: { Binds: ["/etc:/x:ro", "vol:/y", "/anonymous"] } }), [
    "/etc",
    "vol",
  ]);
  t.strictSame(
    sources({ HostConfig: { Mounts: [{ Type: "bind", Source: "/etc", Target: "/x" }] } }),
    ["/etc"],
  );
  t.strictSame(
    sources({
      HostConfig: {
        Mounts: [
          {
            Type: "volume",
            Target: "/x",
            VolumeOptions: {
              DriverConfig: { Options: { o: "bind", device: "/etc", type: "none" } },
            },
          },
        ],
      },
    }),
    ["/etc"],
  );
  t.strictSame(
    sources(
      { Name: "v", DriverOpts: { type: "none", o: "ro,bind", device: "/etc" } },
      "POST /volumes/create",
    ),
    ["/etc"],
  );
  t.strictSame(
    sources({ Name: "v", DriverOpts: { type: "tmpfs", device: "tmpfs" } }, "POST /volumes/create"),
    [],
  );
  const volumes: readonly (readonly [Record<string, string>, readonly string[]])[] = [
    [{ type: "none", o: "bind", device: "etc" }, ["/etc"]],
    [{ o: "rbind", device: "../etc" }, ["/../etc"]],
    [
      { type: "overlay", device: "overlay", o: "lowerdir=/a:/b,upperdir=/c,workdir=/d" },
      ["/a", "/b", "/c", "/d"],
    ],
    [{ type: "overlay", device: "x", o: "lowerdir+=/etc" }, ["/etc"]],
    [{ type: "proc", device: "proc" }, ["/proc"]],
    [{ type: "sysfs", device: "x" }, ["/sys"]],
    [{ type: "devtmpfs", device: "x" }, ["/dev"]],
    [{ type: "ext4", device: "/dev/sda1" }, ["/dev/sda1"]],
    [{ type: "nfs", o: "addr=10.0.0.1", device: ":/export" }, []],
    [{ type: "tmpfs", device: "tmpfs", o: "size=1m" }, []],
  ];
  for (const [options, paths] of volumes) {
    const name = JSON.stringify(options);
    t.strictSame(sources({ DriverOpts: options }, "POST /volumes/create"), paths, name);
    const VolumeOptions = { DriverConfig: { Options: options } };
    const Mounts = [{ Type: "volume", Target: "/x", VolumeOptions }];
    t.strictSame(sources({ HostConfig: { Mounts } }), paths, `--mount ${name}`);
  }
  t.strictSame(
    sources({ Binds: ["/etc:/x"] }, "POST /v1.23/containers/web/start"),
    ["/etc"],
    "at a start of old",
  );
  t.end();
});

t.test("a mount may give the engine's socket, or files of another image", (t) => {
  const mount = (Type: string, Source?: string): RequestFacts =>
    read(create, { HostConfig: { Mounts: [{ Type, Target: "/x", Source }] } });
  t.match(mount("apisocket").binds, [{ source: "apisocket", path: "/var/run/docker.sock" }]);
  t.strictSame(mount("image", "evil:1").imageMounts, ["evil:1"]);
  t.strictSame(mount("image", "evil:1").binds, []);
  t.strictSame(mount("IMAGE", "evil:1").imageMounts, ["evil:1"], "Go does not mind the case here");
  t.strictSame(mount("volume", "v").imageMounts, []);
  t.end();
});

t.test("a service says what its containers are made of", (t) => {
  const spec = {
    Name: "s",
    TaskTemplate: {
      Networks: [{ Target: "host" }],
      ContainerSpec: {
        Image: "evil:1",
        Command: ["/bin/sh"],
        Args: ["-c", "id"],
        Env: ["A=secret"],
        User: "root",
        CapabilityAdd: ["CAP_SYS_ADMIN"],
        Mounts: [
          { Type: "bind", Source: "/etc", Target: "/x" },
          { Type: "image", Source: "other:1", Target: "/y" },
        ],
        Privileges: { Seccomp: { Mode: "unconfined" }, AppArmor: { Mode: "disabled" } },
      },
    },
  };
  for (const line of ["POST /v1.41/services/create", "POST /v1.41/services/s/update?version=1"]) {
    const request = readRequest(ask(line, spec));
    t.equal(request.imageReference, "evil:1");
    t.match(request.facts, {
      ...{ argv: ["/bin/sh", "-c", "id"], env: ["A"], runAs: "root", networkMode: "host" },
      ...{ capAdd: ["SYS_ADMIN"], imageMounts: ["other:1"], seccomp: "unconfined" },
      binds: [{ path: "/etc" }],
      securityOpt: ["seccomp=unconfined", "apparmor=unconfined"],
    });
  }
  t.end();
});

t.test("a service's confinement is said in the words of a container's", (t) => {
  const open = Buffer.from('{"defaultAction":"SCMP_ACT_ALLOW"}').toString("base64");
  const rows: readonly (readonly [privileges: object, facts: Partial<RequestFacts>])[] = [
    [{ Seccomp: { Mode: "custom", Profile: open } }, { seccomp: "permissive", unconfined: [] }],
    [
      { Seccomp: { Mode: "unconfined" } },
      { seccomp: "unconfined", seccompAllows: ["all"], unconfined: ["seccomp"] },
    ],
    [{ Seccomp: { Mode: "default", Profile: open } }, { seccomp: "", seccompAllows: [] }],
    [{ AppArmor: { Mode: "disabled" } }, { apparmor: "unconfined", unconfined: ["apparmor"] }],
    [{ AppArmor: { Mode: "default" } }, { apparmor: "", unconfined: [] }],
    [{ SELinuxContext: { Disable: true } }, { unconfined: ["selinux"] }],
    [{ SELinuxContext: { Type: "spc_t", User: "u" } }, { unconfined: ["selinux"] }],
    [{ SELinuxContext: { Type: "svirt_lxc_net_t" } }, { unconfined: [] }],
    [{ NoNewPrivileges: true }, { noNewPrivileges: "true", unconfined: [] }],
    [{ NoNewPrivileges: false }, { noNewPrivileges: "", securityOpt: [] }],
  ];
  for (const [Privileges, facts] of rows) {
    const spec = { TaskTemplate: { ContainerSpec: { Privileges } } };
    t.match(read("POST /services/create", spec), facts, JSON.stringify(Privileges));
  }
  const plugin = { TaskTemplate: { Runtime: "plugin", PluginSpec: { Remote: "evil/plugin" } } };
  t.equal(read("POST /services/create", plugin).runtime, "plugin", "a service may be a plugin");
  t.end();
});

t.test("nothing that can be sent makes it throw", (t) => {
  fc.assert(
    fc.property(
      fc.constantFrom("GET", "POST", "PUT", "DELETE", ""),
      fc.oneof(
        fc.webPath(),
        fc.string(),
        fc.constantFrom("/containers/create", "/containers/x/exec"),
      ),
      fc.oneof(fc.json(), fc.string(), fc.constant(undefined)),
      (method, uri, body) => {
        const { facts } = readRequest(ask(`${method} ${uri}`, body));
        return typeof facts.action === "string";
      },
    ),
    { numRuns: 2_000 },
  );
  t.end();
});
