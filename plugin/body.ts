// SPDX-License-Identifier: Apache-2.0
import { noneAsked, readContainer, readExec, readVolume, type AskedFacts } from "./asked-facts.ts";
import { readGoJson } from "./go-json.ts";
import { findDuplicates, GoStruct, type Doubt } from "./go-struct.ts";
import type { AuthorizationRequest } from "./protocol.ts";
import type { Route } from "./routes.ts";
import { isService, readService, serviceImage, serviceNetworks } from "./service.ts";

/** Why the engine might act on something else than what was read. */
export interface Fault {
  readonly kind: string;
  readonly detail: string;
}

/** What was read of a body. */
export interface ReadBody {
  readonly asked: AskedFacts;
  readonly image: string;
  readonly newName: string;
  readonly isEntrypointGiven: boolean;
  /** Containers whose mounts are to be had too. */
  readonly volumesFrom: readonly string[];
  /** Networks that are to be had, by name, by id or the beginning of one. */
  readonly networks: readonly string[];
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
  const doubt: Doubt = (kind, detail) => {
    // A field that several readers ask for is told once.
    if (!faults.some((fault) => fault.kind === kind && fault.detail === detail))
      faults.push({ kind, detail });
  };
  const { body } = request;
  const isRead = route?.body !== "none" && route?.body !== "hidden";
  const isJson = body !== undefined && isRead && body.length <= bodyBytesMax;
  const read = isJson ? readGoJson(utf8.decode(body)) : { faults: [] };
  faults.push(...read.faults);
  if ("value" in read) findDuplicates(read.value, doubt);
  const root = new GoStruct("value" in read ? read.value : undefined, doubt);
  return { ...readStruct(root, route?.action ?? "", doubt), faults };
}

// Go skips nothing in front: a byte order mark is no JSON there.
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

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
  if (body !== undefined || route === undefined || route.body === "hidden") return faults;
  const isEmpty = headerOf(headers, "content-length") === "0";
  const isHidden = !isEmpty && (mediaType.endsWith("json") || takesAnyBody(route, apiVersion));
  if (route.body === "required" || isHidden)
    faults.push({ kind: "missing-body", detail: "the engine did not show the body" });
  return faults;
}

// Below 1.24 a start may come with the configuration of a container, in whatever dress. A commit may always: of two media
// types the engine acts on the first and tells us the last.
function takesAnyBody({ action }: Route, apiVersion: string): boolean {
  const isOldStart = action === "container.start" && isBefore(apiVersion, 24);
  return isOldStart || action === "container.commit";
}

function headerOf(headers: Readonly<Record<string, string>>, name: string): string {
  return Object.hasOwn(headers, name) ? (headers[name] ?? "").trim() : "";
}

function isBefore(apiVersion: string, minor: number): boolean {
  const [, found] = /^1\.([0-9]+)/.exec(apiVersion) ?? [];
  return found !== undefined && Number(found) < minor;
}

function readStruct(root: GoStruct, action: string, doubt: Doubt): Omit<ReadBody, "faults"> {
  // `start` of old versions carries the host's part alone.
  const host = action === "container.start" ? root : root.struct("HostConfig");
  return {
    image: isService(action) ? serviceImage(root) : root.text("Image"),
    newName: root.text("Name"),
    isEntrypointGiven: root.has("Entrypoint"),
    volumesFrom: host.texts("VolumesFrom"),
    networks: isService(action) ? serviceNetworks(root) : idsIn([host.text("NetworkMode")]),
    asked: askedOf(root, host, { action, doubt }),
  };
}

// Nearly every name is one that no other network has: what may be an id of the host's is worth a question.
function idsIn(names: readonly string[]): readonly string[] {
  return names.filter((name) => /^[0-9a-f]+$/.test(name));
}

function askedOf(
  root: GoStruct,
  host: GoStruct,
  { action, doubt }: { readonly action: string; readonly doubt: Doubt },
): AskedFacts {
  if (action === "exec.create") return readExec(root);
  if (action === "volume.create") return { ...noneAsked, ...readVolume(root) };
  return isService(action) ? readService(root, doubt) : readContainer(root, host, doubt);
}
