// SPDX-License-Identifier: Apache-2.0
import type { RequestedBind, RequestFacts } from "../daemon/model/docker-request.ts";
import { readGoJson } from "./go-json.ts";
import { findDuplicates, GoStruct } from "./go-struct.ts";
import { readBinds } from "./binds.ts";
import type { AuthorizationRequest } from "./protocol.ts";
import type { Route } from "./routes.ts";
import { hostPathsOf } from "./volume-options.ts";

/** Why the engine might act on something else than what was read. */
export interface Fault {
  readonly kind: string;
  readonly detail: string;
}

/** What the body alone decides. */
type AskedFacts = Pick<
  RequestFacts,
  | "entrypoint"
  | "cmd"
  | "runAs"
  | "hasTty"
  | "isPrivileged"
  | "capAdd"
  | "binds"
  | "networkMode"
  | "pidMode"
  | "ipcMode"
  | "utsMode"
  | "usernsMode"
  | "cgroupnsMode"
  | "securityOpt"
  | "devices"
  | "env"
  | "labels"
>;

/** What was read of a body. */
export interface ReadBody {
  readonly asked: AskedFacts;
  readonly image: string;
  readonly newName: string;
  readonly isEntrypointGiven: boolean;
  /** Containers whose mounts are to be had too. */
  readonly volumesFrom: readonly string[];
  readonly faults: readonly Fault[];
}

/** The engine shows bodies below 1 MiB; what is larger was cut off, or is no body of its API. */
const bodyBytesMax = 4 << 20;

/** Reads the body of a request as the engine's structs (api/types/container, volume, …). Pure. */
export function readBody(
  request: AuthorizationRequest,
  route: Route | undefined,
  apiVersion: string,
): ReadBody {
  const faults: Fault[] = [...bodyFaults(request, route, apiVersion)];
  const doubt = (kind: string, detail: string): void => {
    // A field that several readers ask for is told once.
    if (!faults.some((fault) => fault.kind === kind && fault.detail === detail))
      faults.push({ kind, detail });
  };
  const { body } = request;
  const isJson = body !== undefined && route?.body !== "none" && body.length <= bodyBytesMax;
  const read = isJson ? readGoJson(decode(body)) : { faults: [] };
  faults.push(...read.faults);
  if ("value" in read) findDuplicates(read.value, doubt);
  const root = new GoStruct("value" in read ? read.value : undefined, doubt);
  return { ...readStruct(root, route?.action ?? ""), faults };
}

// Go skips nothing in front: a byte order mark is no JSON there.
function decode(body: Buffer): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(body);
}

function bodyFaults(
  { body, headers }: AuthorizationRequest,
  route: Route | undefined,
  apiVersion: string,
): readonly Fault[] {
  const mediaType = headerOf(headers, "content-type").replace(/;.*/s, "").trim().toLowerCase();
  const faults: Fault[] = [];
  if (mediaType === "application/x-www-form-urlencoded")
    faults.push({
      kind: "form-body",
      detail: "parameters in a form, which the engine shows nobody",
    });
  if (body !== undefined && body.length > bodyBytesMax)
    faults.push({ kind: "body-too-large", detail: `${body.length} bytes` });
  if (body !== undefined || route === undefined) return faults;
  const isEmpty = headerOf(headers, "content-length") === "0";
  // Below 1.24 a start may come with the configuration of a container, in whatever dress.
  const isOldStart = route.action === "container.start" && isBefore(apiVersion, 24);
  const isHidden = !isEmpty && (mediaType.endsWith("json") || isOldStart);
  if (route.body === "required" || isHidden)
    faults.push({ kind: "missing-body", detail: "the engine did not show the body" });
  return faults;
}

function headerOf(headers: Readonly<Record<string, string>>, name: string): string {
  return Object.hasOwn(headers, name) ? (headers[name] ?? "").trim() : "";
}

function isBefore(apiVersion: string, minor: number): boolean {
  const [, found] = /^1\.([0-9]+)/.exec(apiVersion) ?? [];
  return found !== undefined && Number(found) < minor;
}

function readStruct(root: GoStruct, action: string): Omit<ReadBody, "faults"> {
  const isExec = action === "exec.create";
  // `start` of old versions carries the host's part alone.
  const host = action === "container.start" ? root : root.struct("HostConfig");
  const volume = action === "volume.create" ? volumeBinds(root) : [];
  return {
    image: root.text("Image"),
    newName: root.text("Name"),
    isEntrypointGiven: root.has("Entrypoint"),
    volumesFrom: host.texts("VolumesFrom"),
    asked: {
      entrypoint: isExec ? [] : root.texts("Entrypoint"),
      cmd: root.texts("Cmd"),
      runAs: root.text("User"),
      hasTty: root.flag("Tty"),
      isPrivileged: isExec ? root.flag("Privileged") : host.flag("Privileged"),
      // `Capabilities` is the whole set, of engines of one season (API 1.40).
      capAdd: [...host.texts("CapAdd"), ...host.texts("Capabilities")].map(capability),
      binds: isExec ? [] : [...readBinds(host), ...volume],
      networkMode: host.text("NetworkMode"),
      pidMode: host.text("PidMode"),
      ipcMode: host.text("IpcMode"),
      utsMode: host.text("UTSMode"),
      usernsMode: host.text("UsernsMode"),
      cgroupnsMode: host.text("CgroupnsMode"),
      securityOpt: securityOptions(host),
      devices: devicesOf(host),
      env: root.texts("Env").map((entry) => entry.split("=")[0] ?? ""),
      labels: root.map("Labels"),
    },
  };
}

/** `CAP_` is optional for the engine, and case is nothing to it. */
function capability(text: string): string {
  return text.toUpperCase().replace(/^CAP_/, "");
}

function devicesOf(host: GoStruct): readonly string[] {
  return [
    ...host.structs("Devices").map((device) => device.text("PathOnHost")),
    ...host.texts("DeviceCgroupRules").map((rule) => `rule:${rule}`),
    ...host.structs("DeviceRequests").map((request) => `driver:${request.text("Driver")}`),
  ];
}

/** What a volume that is to be made would show of the host. */
function volumeBinds(root: GoStruct): readonly RequestedBind[] {
  const source = root.text("Name");
  return hostPathsOf(root.map("DriverOpts")).map((path) => ({
    ...{ source, path, destination: "", isReadOnly: false, reaches: [] },
  }));
}

/** `docker run --security-opt systempaths=unconfined` sends empty lists of what is to be masked. */
function securityOptions(host: GoStruct): readonly string[] {
  const isBare = ["MaskedPaths", "ReadonlyPaths"].some((name) => host.isEmptyList(name));
  return [...host.texts("SecurityOpt"), ...(isBare ? ["systempaths=unconfined"] : [])];
}
