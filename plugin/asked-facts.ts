// SPDX-License-Identifier: Apache-2.0
import type { RequestFacts } from "../daemon/model/docker-request.ts";
import { readBinds, readImageMounts } from "./binds.ts";
import type { Doubt, GoStruct } from "./go-struct.ts";
import { readConfinement } from "./security-options.ts";
import { hostPathsOf } from "./volume-options.ts";

/** What the body alone decides. */
export type AskedFacts = Pick<
  RequestFacts,
  | "entrypoint"
  | "cmd"
  | "runAs"
  | "hasTty"
  | "isPrivileged"
  | "capAdd"
  | "binds"
  | "imageMounts"
  | "networkMode"
  | "pidMode"
  | "ipcMode"
  | "utsMode"
  | "usernsMode"
  | "cgroupnsMode"
  | "securityOpt"
  | "seccomp"
  | "seccompAllows"
  | "apparmor"
  | "unconfined"
  | "noNewPrivileges"
  | "runtime"
  | "devices"
  | "env"
  | "labels"
  | "annotations"
>;

/** A request that asks for none of it. One literal: V8 makes a hash table of what is spread together. */
export const noneAsked: AskedFacts = {
  entrypoint: [],
  cmd: [],
  runAs: "",
  hasTty: false,
  isPrivileged: false,
  capAdd: [],
  binds: [],
  imageMounts: [],
  networkMode: "",
  pidMode: "",
  ipcMode: "",
  utsMode: "",
  usernsMode: "",
  cgroupnsMode: "",
  securityOpt: [],
  seccomp: "",
  seccompAllows: [],
  apparmor: "",
  unconfined: [],
  noNewPrivileges: "",
  runtime: "",
  devices: [],
  env: [],
  labels: {},
  annotations: {},
};

/** A container that is to be made (api/types/container, Config and HostConfig). */
export function readContainer(root: GoStruct, host: GoStruct, doubt: Doubt): AskedFacts {
  const securityOpt = host.texts("SecurityOpt");
  const confinement = readConfinement(securityOpt, doubt);
  const isBare = isUnmasked(host);
  return {
    entrypoint: root.texts("Entrypoint"),
    cmd: root.texts("Cmd"),
    runAs: root.text("User"),
    hasTty: root.flag("Tty"),
    isPrivileged: host.flag("Privileged"),
    // `Capabilities` is the whole set, of engines of one season (API 1.40).
    capAdd: [...host.texts("CapAdd"), ...host.texts("Capabilities")].map(capability),
    binds: readBinds(host),
    imageMounts: readImageMounts(host),
    networkMode: host.text("NetworkMode"),
    pidMode: host.text("PidMode"),
    ipcMode: host.text("IpcMode"),
    utsMode: host.text("UTSMode"),
    usernsMode: host.text("UsernsMode"),
    cgroupnsMode: host.text("CgroupnsMode"),
    ...confinement,
    securityOpt: [...securityOpt, ...(isBare ? ["systempaths=unconfined"] : [])],
    unconfined: [...confinement.unconfined, ...(isBare ? ["systempaths"] : [])],
    runtime: host.text("Runtime"),
    devices: devicesOf(host),
    env: namesIn(root.texts("Env")),
    labels: root.map("Labels"),
    annotations: host.map("Annotations"),
  };
}

/** A command that is to be run in a container (api/types/container, ExecOptions). */
export function readExec(root: GoStruct): AskedFacts {
  return {
    ...noneAsked,
    cmd: root.texts("Cmd"),
    runAs: root.text("User"),
    hasTty: root.flag("Tty"),
    isPrivileged: root.flag("Privileged"),
    env: namesIn(root.texts("Env")),
  };
}

/** What a volume that is to be made would show of the host. */
export function readVolume(root: GoStruct): Pick<AskedFacts, "binds" | "labels"> {
  const source = root.text("Name");
  const binds = hostPathsOf(root.map("DriverOpts")).map((path) => ({
    ...{ source, path, destination: "", isReadOnly: false, reaches: [] },
  }));
  return { binds, labels: root.map("Labels") };
}

/** `CAP_` is optional for the engine, and case is nothing to it. */
export function capability(text: string): string {
  return text.toUpperCase().replace(/^CAP_/, "");
}

/** Names of environment variables: what they are set to may be secret. */
export function namesIn(env: readonly string[]): readonly string[] {
  return env.map((entry) => entry.split("=")[0] ?? "");
}

function devicesOf(host: GoStruct): readonly string[] {
  return [
    ...host.structs("Devices").map((device) => device.text("PathOnHost")),
    ...host.texts("DeviceCgroupRules").map((rule) => `rule:${rule}`),
    ...host.structs("DeviceRequests").map((request) => `driver:${request.text("Driver")}`),
  ];
}

/** What every engine hides of the kernel's files, or has read only, where nobody asks otherwise (moby, oci/defaults.go). */
const hidden: Readonly<Record<string, readonly string[]>> = {
  MaskedPaths: [
    ...["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list"],
    ...["/proc/sched_debug", "/proc/scsi", "/sys/firmware"],
  ],
  ReadonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
};

/**
 * Whether lists take the place of the engine's own that leave some of it out: `--security-opt systempaths=unconfined` sends
 * empty ones.
 */
function isUnmasked(host: GoStruct): boolean {
  return Object.entries(hidden).some(([name, usual]) => {
    if (!host.isList(name)) return false;
    const asked = new Set(host.texts(name));
    return !usual.every((path) => asked.has(path));
  });
}
