// SPDX-License-Identifier: Apache-2.0
import type { Container, Image } from "../../daemon/model/container.ts";
import type { RuleInfo } from "../../daemon/model/decision.ts";
import type { ExecEvent, Host, Place } from "../../daemon/model/event.ts";
import { parseImageReference } from "../../daemon/model/image-reference.ts";
import type { Diagnostic } from "../../daemon/text/diagnostic.ts";
import { diagnosticsToJson } from "../../daemon/text/render.ts";

/** 64 hex digits that differ by their first one. */
export function hex64(first: string): string {
  return first.padEnd(64, "0");
}

/** An image as the engine would tell of it after `docker run REFERENCE`. */
export function image(reference: string, more: Partial<Image> = {}): Image {
  const parsed = parseImageReference(reference);
  if (parsed === undefined) throw new Error(`no reference: ${reference}`);
  const { repository, normalizedRepository, tag } = parsed;
  return {
    reference,
    repository,
    normalizedRepository,
    ...(tag === undefined ? {} : { tag }),
    digests: [],
    id: `sha256:${hex64("1")}`,
    labels: {},
    ...more,
  };
}

/** A running container. */
export function container(more: Partial<Container> = {}): Container {
  return {
    id: hex64("c"),
    name: "web",
    image: image("nginx"),
    labels: {},
    isPrivileged: false,
    mounts: [],
    user: "",
    networkMode: "bridge",
    state: "running",
    isComplete: true,
    ...more,
  };
}

/** A host. */
export const host: Host = { hostname: "h", machineId: "m", kernel: "6.1", bootId: "b" };

/** Where a container is. */
export function place(): Place {
  return { host, allowlists: new Set(), container: container() };
}

/** A held exec of curl in a container. */
export function execEvent(more: Partial<ExecEvent> = {}): ExecEvent {
  return {
    ...place(),
    kind: "exec",
    number: 1,
    timeNs: 0n,
    syscall: "execve",
    tid: 7,
    isHeld: true,
    isArgvKnown: true,
    file: {
      path: "/usr/bin/curl",
      device: 1,
      inode: 1n,
      mode: 0o100755,
      uid: 0,
      gid: 0,
      size: 1,
      mtimeNs: 0n,
      ctimeNs: 0n,
    },
    process: {
      pid: 7,
      ppid: 1,
      vpid: 7,
      sid: 1,
      vsid: 1,
      pgid: 1,
      vpgid: 1,
      tty: 0,
      uid: 0,
      gid: 0,
      comm: "curl",
      exe: "curl",
      exepath: "/usr/bin/curl",
      argv: ["curl"],
      env: [],
      startTicks: 1n,
      startNs: 0n,
    },
    ...more,
  };
}

/** A rule that matched. */
export function rule(more: Partial<RuleInfo> = {}): RuleInfo {
  return {
    name: "Run Web Fetch Program in Container",
    description: "",
    priority: "Informational",
    tags: ["container"],
    source: "syscall",
    ...more,
  };
}

/** Faults as `file:line:column code: message`, for comparing. */
export function faultLines(diagnostics: readonly Diagnostic[]): readonly string[] {
  return diagnosticsToJson(diagnostics).map(
    ({ place, code, message }) =>
      `${place?.file ?? ""}:${place?.line ?? 0}:${place?.column ?? 0} ${code}: ${message}`,
  );
}
