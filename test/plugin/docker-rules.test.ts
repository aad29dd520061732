// SPDX-License-Identifier: Apache-2.0
import t, { type Test } from "tap";
import type { ContainerMount } from "../../daemon/model/container.ts";
import type { UnjudgedMount } from "../../daemon/model/mount-origin.ts";
import type { Surroundings } from "../../plugin/resolve.ts";
import { engineFacts } from "../rules/docker-event.ts";
import { madeContainer, rulesOf, rulesOfEvent } from "./known-host.ts";

const create = "POST /v1.41/containers/create?name=x";
const service = "POST /v1.41/services/create";

const privileged = "Create Privileged Container";
const namespace = "Create Container in Host Namespace";
const capability = "Create Container with Dangerous Capability";
const path = "Give Container a Sensitive Host Path";
const socket = "Give Container the Engine's Socket";
const unconfined = "Create Unconfined Container";
const seccomp = "Create Container with Weak Seccomp Profile";
const guarded = "Run Command in Protected Container";
const changed = "Change Running Container from Outside";
const brought = "Bring Image In by Other Ways";
const plugins = "Change Engine Plugins";
const swarm = "Change Swarm";
const gain = "Create Container That May Gain Privileges";

const host = (HostConfig: object): object => ({ Image: "alpine", HostConfig });
const task = (ContainerSpec: object, more: object = {}): object => ({
  TaskTemplate: { ContainerSpec: { Image: "alpine", ...ContainerSpec }, ...more },
});
const options = (...SecurityOpt: readonly string[]): object => host({ SecurityOpt });
const bind = (source: string, type = "bind"): ContainerMount => ({
  ...{ type, source, destination: "/x", mode: "", isReadWrite: true, propagation: "" },
});

type Row = readonly [
  rules: readonly string[],
  line: string,
  body?: unknown,
  around?: Partial<Surroundings>,
];

async function check(t: Test, rows: readonly Row[]): Promise<void> {
  for (const [rules, line, body, around] of rows) {
    const text = `${line} ${JSON.stringify(body ?? "")}`.slice(0, 150);
    t.strictSame(await rulesOf(line, body, around), rules, text);
  }
}

t.test("what a new container is asked to be", async (t) => {
  const network = (Driver: string): Partial<Surroundings> => ({
    network: (reference) => Promise.resolve(reference === "abc123" ? { Driver } : undefined),
  });
  const joined = (modes: object): Partial<Surroundings> => ({
    namespaces: (reference) => {
      const none = { networkMode: "", pidMode: "", ipcMode: "", utsMode: "" };
      return Promise.resolve(reference === "monitor" ? { ...none, ...modes } : undefined);
    },
  });
  await check(t, [
    [[], create, host({})],
    [[privileged], create, host({ Privileged: true })],
    [[namespace], create, host({ PidMode: "host" })],
    [[namespace], create, host({ IpcMode: "host" })],
    [[namespace], create, host({ UTSMode: "host" })],
    [[namespace], create, host({ UsernsMode: "host" })],
    [[namespace], create, host({ CgroupnsMode: "host" })],
    [[namespace], create, host({ NetworkMode: "host" })],
    [[], create, host({ NetworkMode: "bridge", PidMode: "container:web", IpcMode: "private" })],
    [[namespace], create, host({ NetworkMode: "abc123" }), network("host")],
    [[], create, host({ NetworkMode: "abc123" }), network("bridge")],
    [[], create, host({ NetworkMode: "other" }), network("host")],
    [[namespace], create, host({ PidMode: "container:monitor" }), joined({ pidMode: "host" })],
    [[namespace], create, host({ IpcMode: "container:monitor" }), joined({ ipcMode: "host" })],
    [[], create, host({ PidMode: "container:monitor" }), joined({ ipcMode: "host" })],
    [
      [namespace, unconfined, seccomp],
      create,
      host({ PidMode: "container:monitor", SecurityOpt: ["seccomp=unconfined"] }),
      joined({ pidMode: "host" }),
    ],
    [[capability], create, host({ CapAdd: ["cap_sys_admin"] })],
    [[capability], create, host({ CapAdd: ["ALL"] })],
    [[capability], create, host({ Capabilities: ["CAP_BPF"] })],
    [[], create, host({ CapAdd: ["CHOWN"], CapDrop: ["ALL"] })],
    [["Give Container a Host Device"], create, host({ Devices: [{ PathOnHost: "/dev/sda" }] })],
    [["Give Container a Host Device"], create, host({ DeviceCgroupRules: ["c 1:3 r"] })],
    [["Give Container a Host Device"], create, host({ DeviceRequests: [{ Driver: "nvidia" }] })],
    [[namespace], "POST /containers/web/start", undefined, joinedNow("pidMode", "monitor")],
  ]);
});

t.test("what a container's confinement is asked to be", async (t) => {
  await check(t, [
    [[unconfined, seccomp], create, options("seccomp=unconfined")],
    [[unconfined, seccomp], create, options("seccomp:unconfined")],
    [[seccomp], create, options('seccomp={"defaultAction":"SCMP_ACT_ALLOW"}')],
    [[], create, options("seccomp=builtin")],
    [
      [unconfined, "Create Container with Other AppArmor Profile"],
      create,
      options("apparmor=unconfined"),
    ],
    [["Create Container with Other AppArmor Profile"], create, options("apparmor=mine")],
    [[], create, options("apparmor=docker-default")],
    [[unconfined], create, options("label=disable")],
    [[unconfined], create, options("label:disable")],
    [[unconfined], create, options("disable")],
    [[unconfined], create, options("label=type:spc_t")],
    [[], create, options("label=level:s0:c1,c2", "label=type:svirt_lxc_net_t")],
    [[unconfined], create, options("writable-cgroups")],
    [[unconfined], create, options("writable-cgroups=1")],
    [[], create, options("writable-cgroups=false")],
    [[unconfined], create, host({ MaskedPaths: [], ReadonlyPaths: [] })],
    [[unconfined], create, host({ MaskedPaths: ["/proc/kcore"] })],
    [[gain], create, options("no-new-privileges=false")],
    [[gain], create, options("no-new-privileges", "no-new-privileges:0")],
    [[], create, options("no-new-privileges")],
    [[], create, options("no-new-privileges:true")],
  ]);
});

t.test("what a service's containers are asked to be", async (t) => {
  const network: Partial<Surroundings> = {
    network: (reference) => Promise.resolve(reference === "dcfq6s5x" ? { Driver: "host" } : {}),
  };
  const many = Array.from({ length: 100 }, (_none, index) => ({ Target: `n${index}` }));
  await check(t, [
    [[swarm], service, task({})],
    [[capability, swarm], service, task({ CapabilityAdd: ["CAP_SYS_ADMIN"] })],
    [[namespace, swarm], service, task({}, { Networks: [{ Target: "host" }] })],
    [[namespace, swarm], service, task({}, { Networks: [{ Target: "dcfq6s5x" }] }), network],
    [[namespace, swarm], service, { ...task({}), Networks: [{ Target: "dcfq6s5x" }] }, network],
    [[namespace, swarm], service, task({}, { Networks: many }), network],
    [[swarm], service, task({}, { Networks: [{ Target: "other" }] }), network],
    [[unconfined, seccomp, swarm], service, privileges({ Seccomp: { Mode: "unconfined" } })],
    [
      [unconfined, "Create Container with Other AppArmor Profile", swarm],
      service,
      privileges({ AppArmor: { Mode: "disabled" } }),
    ],
    [[unconfined, swarm], service, privileges({ SELinuxContext: { Disable: true } })],
    [[swarm], service, privileges({ NoNewPrivileges: true })],
    [[path, swarm], service, task({ Mounts: [{ Type: "bind", Source: "/etc", Target: "/x" }] })],
    [[plugins, swarm], service, task({}, { Runtime: "plugin", PluginSpec: { Remote: "x" } })],
    [
      [unconfined, seccomp, swarm],
      "POST /services/s/update",
      privileges({ Seccomp: { Mode: "unconfined" } }),
    ],
    [[swarm], "POST /swarm/init", {}],
    [[swarm], "POST /swarm/leave"],
    [[swarm], "POST /nodes/n/update", {}],
    [[], "GET /services"],
  ]);
});

t.test("what of the host is given away", async (t) => {
  const mounted = (...mounts: readonly ContainerMount[]): Partial<Surroundings> => ({
    container: (reference) => Promise.resolve(madeContainer(reference, { mounts })),
  });
  const linked: Partial<Surroundings> = {
    files: {
      realPath: (one) => Promise.resolve(one.startsWith("/link") ? "/etc" : one),
      identity: () => Promise.resolve(undefined),
    },
  };
  const places = ["/", "/etc", "/etc/ssl", "/proc", "/sys", "/dev/shm", "/boot", "/usr/bin"];
  const more = ["/var/lib/docker", "/root", "/run/systemd", "/etc/cron.d", "/var/lib"];
  const guard = ["/etc/execwarden", "/run/docker/plugins", "/run/execwarden/x"];
  for (const source of [...places, ...more, ...guard]) {
    const found = await rulesOf(create, host({ Binds: [`${source}:/x`] }));
    t.ok(found.includes(path), source);
  }
  await check(t, [
    [[], create, host({ Binds: ["/srv/data:/x", "/home/me:/y", "volume:/z"] })],
    [[path], create, host({ Mounts: [{ Type: "bind", Source: "/etc", Target: "/x" }] })],
    [[socket], create, host({ Binds: ["/run/podman:/x"] })],
    [[socket, path], create, host({ Binds: ["/run/docker:/x"] })],
    [[socket], create, host({ Mounts: [{ Type: "apisocket", Target: "/x" }] })],
    [[path], create, host({ Binds: ["/link:/x"] }), linked],
    [[path], create, host({ VolumesFrom: ["web:ro"] }), mounted(bind("/etc"))],
    [[], create, host({ VolumesFrom: ["web:ro"] }), mounted(bind("/srv"))],
    [[path], "POST /volumes/create", { DriverOpts: { o: "bind", device: "/etc" } }],
    [
      [path],
      create,
      host({ Binds: ["v:/x"] }),
      { volume: () => Promise.resolve({ Options: { o: "bind", device: "/etc", type: "none" } }) },
    ],
    [[path], "POST /containers/web/start", undefined, { ...mounted(bind("/link")), ...linked }],
    [[path], "POST /containers/web/restart", undefined, { ...mounted(bind("/link")), ...linked }],
    [[], "POST /containers/web/start", undefined, mounted(bind("/etc"))],
    [[], "POST /containers/web/stop", undefined, { ...mounted(bind("/link")), ...linked }],
    [
      [],
      "POST /containers/web/start",
      undefined,
      { ...mounted(bind("/link", "volume")), ...linked },
    ],
  ]);
});

t.test("what of the host a container has that nobody judged", (t) => {
  const other = "Container Has Other Mounts Than Were Judged";
  const sensitive = "Unjudged Container Has Sensitive Host Path";
  const rows: readonly (readonly [rules: readonly string[], ...mounts: UnjudgedMount[]])[] = [
    [[other], { destination: "/x", judged: "/srv", found: "/etc", reaches: ["etc"] }],
    [[other], { destination: "/x", judged: "/srv", found: "/opt", reaches: [] }],
    [[other], { destination: "/x", judged: "/srv", found: "", reaches: [] }],
    [[sensitive], { destination: "/x", found: "/etc", reaches: ["etc"] }],
    [[sensitive], { destination: "/x", found: "/run/podman", reaches: ["engine-socket"] }],
    [[], { destination: "/x", found: "/home/me", reaches: ["home"] }],
    [[]],
  ];
  for (const [expected, ...mounts] of rows) {
    const facts = engineFacts({ action: "mount_check", mounts });
    t.strictSame(rulesOfEvent(facts), expected, JSON.stringify(mounts));
  }
  t.strictSame(rulesOfEvent(engineFacts({ action: "start" })), []);
  t.end();
});

t.test("what is done to containers, images and plugins", async (t) => {
  const labels = { "execwarden.protect": "true" };
  const safe: Partial<Surroundings> = {
    container: (reference) => Promise.resolve(madeContainer(reference, { labels })),
  };
  const exec = "POST /containers/web/exec";
  await check(t, [
    [[], exec, { Cmd: ["id"] }],
    [["Run Privileged Exec in Container"], exec, { Cmd: ["id"], Privileged: true }],
    [[guarded], exec, { Cmd: ["id"] }, safe],
    [[guarded], "POST /containers/web/attach", undefined, safe],
    [[guarded], "GET /containers/web/attach/ws", undefined, safe],
    [[guarded], "GET /containers/web/archive?path=/", undefined, safe],
    [[guarded], "GET /containers/web/export", undefined, safe],
    [[], "GET /containers/web/logs", undefined, safe],
    [[], "POST /containers/web/stop", undefined, safe],
    [[guarded, changed], "PUT /containers/web/archive?path=/", undefined, safe],
    [[guarded, changed], "POST /containers/web/update", {}, safe],
    [[guarded, changed], "POST /commit?container=web", {}, safe],
    [[guarded], "POST /containers/web/rename?name=x", undefined, safe],
    [[guarded], "POST /containers/web/checkpoints", {}, safe],
    [[changed], "PUT /containers/web/archive?path=/"],
    [[changed], "POST /containers/web/copy", {}],
    [[brought], "POST /build?t=x"],
    [[brought], "POST /images/load"],
    [[brought], "POST /images/alpine/tag?repo=x"],
    [[brought], "POST /session"],
    [[brought], "POST /grpc"],
    [[brought], "POST /images/create?fromSrc=-&repo=x"],
    [[], "POST /images/create?fromImage=alpine&tag=1"],
    [[plugins], "POST /plugins/pull?remote=x", []],
    [[plugins], "POST /plugins/create?name=x"],
    [[plugins], "POST /plugins/x/enable"],
    [[plugins], "POST /plugins/x/disable"],
    [[plugins], "POST /plugins/x/set", []],
    [[plugins], "POST /plugins/x/upgrade", []],
    [[plugins], "DELETE /plugins/x"],
    [["Ambiguous Docker Request"], "POST /v1.41//containers/web/stop"],
    [["Ambiguous Docker Request"], "GET /nothing/known"],
  ]);
});

/** A container that joins another one's namespace, which is the host's. */
function joinedNow(kind: string, name: string): Partial<Surroundings> {
  const none = { networkMode: "", pidMode: "", ipcMode: "", utsMode: "" };
  return {
    namespaces: (reference) =>
      Promise.resolve({ ...none, [kind]: reference === name ? "host" : `container:${name}` }),
  };
}

function privileges(Privileges: object): object {
  return task({ Privileges });
}
