// outputs: tells alerts to the world. Comes in: alerts. Goes out: text and JSON on descriptors, files, HTTP.
// Must not know: how an alert came to be, or what was decided and why beyond what the alert says.
// SPDX-License-Identifier: Apache-2.0
import type {
  Action,
  Alert,
  AlertProcess,
  AlertSubject,
  FieldValue,
  Outcome,
} from "../model/alert.ts";
import type { Container, Engine, Image } from "../model/container.ts";
import { terminalName, type DockerClient } from "../model/docker-client.ts";
import type { RequestFacts } from "../model/docker-request.ts";
import type { EngineFacts } from "../model/engine-event.ts";
import { jsonText } from "../util/json-text.ts";
import { localClockTime, utcTime } from "./event-time.ts";

/** Writes an alert as one line, without the line break. */
export type AlertFormatter = (alert: Alert) => string;

/**
 * A formatter for many outputs that each ask for the same alert in turn: it keeps the line it wrote last.
 */
export function createJsonFormatter(): AlertFormatter {
  let last: { readonly alert: Alert; readonly line: string } | undefined;
  return (alert) => {
    if (last?.alert !== alert) last = { alert, line: formatJson(alert) };
    return last.line;
  };
}

/**
 * One line of JSON in Falco's shape (falcosecurity/falco formats.cpp), so that whatever reads Falco reads this,
 * falcosidekick for one. What Falco has no place for is in the extra object `execwarden`.
 */
export function formatJson(alert: Alert): string {
  const prefix = `${localClockTime(alert.timeNs)}: ${alert.priority} `;
  return jsonText({
    uuid: alert.uuid,
    output: prefix + alert.output,
    priority: alert.priority,
    rule: alert.rule,
    time: utcTime(alert.timeNs),
    source: alert.source,
    hostname: alert.host.hostname,
    tags: alert.tags,
    output_fields: outputFields(alert),
    execwarden: contextOf(alert),
  });
}

/** Never empty, since falcosidekick refuses an alert without fields. */
function outputFields(alert: Alert): Readonly<Record<string, FieldValue>> {
  return { ...alert.fields, "evt.time": alert.timeNs };
}

function contextOf(alert: Alert): object {
  const { host } = alert;
  return {
    description: alert.description,
    policies: alert.policies,
    verdict: alert.verdict,
    held: alert.isHeld,
    outcomes: alert.outcomes.map(outcomeOf),
    ...subjectOf(alert.process),
    ancestors: alert.ancestors.map(processOf),
    docker_event: alert.engineEvent === undefined ? undefined : engineEventOf(alert.engineEvent),
    docker_request: alert.dockerRequest === undefined ? undefined : requestOf(alert.dockerRequest),
    client: alert.client === undefined ? undefined : clientOf(alert.client),
    container: alert.container === undefined ? undefined : containerOf(alert.container),
    host: {
      hostname: host.hostname,
      machine_id: host.machineId,
      kernel: host.kernel,
      boot_id: host.bootId,
    },
    engine: alert.engine === undefined ? undefined : engineOf(alert.engine),
  };
}

function outcomeOf({ action, status, detail, tookMs, hook, undo }: Outcome): object {
  return {
    action: action.kind,
    ...settingsOf(action),
    status,
    detail,
    took_ms: tookMs === undefined ? undefined : Math.round(tookMs * 1000) / 1000,
    exit_code: hook?.exitCode,
    exit_signal: hook?.signal,
    stderr: hook?.stderr,
    undoable: undo === undefined ? undefined : true,
  };
}

function settingsOf(action: Action): object {
  switch (action.kind) {
    case "notify":
      return { outputs: action.outputs };
    case "stop":
    case "restart":
      return { grace_ms: action.graceMs };
    case "kill-container":
      return { signal: action.signal };
    case "hook":
      return { program: action.program, user: action.user };
    case "deny":
    case "pause":
    case "unpause":
    case "kill-process":
    case "kill-process-tree":
    case "disconnect":
      return {};
  }
}

function processOf({ pid, vpid, name, exepath, cmdline }: AlertProcess): object {
  return { pid, vpid, name, exepath, cmdline };
}

function subjectOf(process: AlertSubject | undefined): object {
  if (process === undefined) return {};
  const { tty, uid, user, gid, group, loginuid, loginUser, cwd } = process;
  return {
    process: { ...processOf(process), tty, uid, gid, cwd },
    user: { uid, name: user, gid, group, loginuid, loginname: loginUser },
  };
}

function engineEventOf(facts: EngineFacts): object {
  return {
    type: facts.type,
    action: facts.action,
    actor_id: facts.actorId,
    scope: facts.scope,
    time: utcTime(facts.timeNs),
    name: facts.name,
    old_name: facts.oldName,
    looks_like: facts.looksLike,
    image: facts.image,
    exit_code: facts.exitCode,
    signal: facts.signal,
    exec_id: facts.execId,
    exec_command: facts.execCommand,
    health: facts.health,
    mounts: facts.mounts,
    attributes: facts.attributes,
  };
}

function requestOf(request: RequestFacts): object {
  return {
    method: request.method,
    uri: request.uri,
    route: request.route,
    action: request.action,
    user: request.user,
    auth_method: request.authMethod,
    target: request.target,
    faults: request.faults,
    image: request.image === undefined ? undefined : imageOf(request.image),
    retagged: request.isRetagged,
    argv: request.argv,
    run_as: request.runAs,
    tty: request.hasTty,
    privileged: request.isPrivileged,
    cap_add: request.capAdd,
    binds: request.binds.map(({ source, path, destination, isReadOnly, reaches }) => ({
      ...{ source, path, destination, read_only: isReadOnly, reaches },
    })),
    image_mounts: request.imageMounts,
    joins: request.joins,
    network_mode: request.networkMode,
    pid_mode: request.pidMode,
    ipc_mode: request.ipcMode,
    uts_mode: request.utsMode,
    userns_mode: request.usernsMode,
    cgroupns_mode: request.cgroupnsMode,
    security_opt: request.securityOpt,
    seccomp: request.seccomp,
    seccomp_allows: request.seccompAllows,
    apparmor: request.apparmor,
    unconfined: request.unconfined,
    no_new_privileges: request.noNewPrivileges,
    runtime: request.runtime,
    devices: request.devices,
    env: request.env,
    labels: request.labels,
    annotations: request.annotations,
  };
}

function clientOf(client: DockerClient): object {
  return {
    confidence: client.confidence,
    pid: client.pid,
    uid: client.uid,
    loginuid: client.loginuid,
    session: client.session,
    user: client.user,
    tty: client.tty,
    terminal: terminalName(client.tty),
    exe: client.exe,
    cmdline: client.cmdline,
    parents: client.parents,
    ssh: client.ssh,
    container_id: client.containerId,
  };
}

function containerOf(container: Container): object {
  return {
    id: container.id,
    type: container.kind,
    name: container.name,
    image: imageOf(container.image),
    labels: container.labels,
    compose: container.compose,
    swarm: container.swarm,
    kubernetes: kubernetesOf(container),
    privileged: container.isPrivileged,
    mounts: container.mounts.map((mount) => ({
      type: mount.type,
      source: mount.source,
      destination: mount.destination,
      mode: mount.mode,
      read_write: mount.isReadWrite,
      propagation: mount.propagation,
    })),
    user: container.user,
    network_mode: container.networkMode,
    created: container.createdNs === undefined ? undefined : utcTime(container.createdNs),
    started: container.startedNs === undefined ? undefined : utcTime(container.startedNs),
  };
}

function imageOf({ reference, repository, normalizedRepository, tag, digest, id }: Image): object {
  return { reference, repository, normalized_repository: normalizedRepository, tag, digest, id };
}

function kubernetesOf({ kubernetes }: Container): object | undefined {
  if (kubernetes === undefined) return undefined;
  const { namespace, pod, container, podUid } = kubernetes;
  return { namespace, pod, container, pod_uid: podUid };
}

function engineOf({ id, version, apiVersion, name, storageDriver, cgroupDriver }: Engine): object {
  return {
    id,
    version,
    api_version: apiVersion,
    name,
    storage_driver: storageDriver,
    cgroup_driver: cgroupDriver,
  };
}
