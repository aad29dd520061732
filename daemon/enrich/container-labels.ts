// SPDX-License-Identifier: Apache-2.0
import type { Container } from "../model/container.ts";
import { fitText } from "./engine-text.ts";

/** Labels by name. Read them with `Object.hasOwn`: whoever starts a container chooses the names. */
export type Labels = Readonly<Record<string, string>>;

/** Characters of all names and values that are kept of one container's labels, and of one image's. */
export const labelsLengthMax = 65_536;
/** Characters of a label that names an orchestrator's object. */
const objectNameLengthMax = 1_024;

/** Reads an object of labels. Values that are no text are left out, and so are labels that do not fit any more. */
export function readLabels(value: unknown): Labels | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const kept: [string, string][] = [];
  let left = labelsLengthMax;
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== "string" || name.length + text.length > left) continue;
    left -= name.length + text.length;
    kept.push([name, text]);
  }
  // Not by assignment: a label may be called `__proto__`.
  return Object.fromEntries(kept);
}

type Orchestration = Pick<Container, "compose" | "swarm" | "kubernetes">;

/** What the orchestrators' own labels say of a container; nothing for one that was started by hand. */
export function readOrchestration(labels: Labels): Orchestration {
  const compose = readCompose(labels);
  const swarm = readSwarm(labels);
  const kubernetes = readKubernetes(labels);
  return {
    ...(compose === undefined ? {} : { compose }),
    ...(swarm === undefined ? {} : { swarm }),
    ...(kubernetes === undefined ? {} : { kubernetes }),
  };
}

function readCompose(labels: Labels): Orchestration["compose"] {
  const project = labelOf(labels, "com.docker.compose.project");
  const service = labelOf(labels, "com.docker.compose.service");
  return project === undefined || service === undefined ? undefined : { project, service };
}

function readSwarm(labels: Labels): Orchestration["swarm"] {
  const service = labelOf(labels, "com.docker.swarm.service.name");
  if (service === undefined) return undefined;
  const task = labelOf(labels, "com.docker.swarm.task.name");
  const node = labelOf(labels, "com.docker.swarm.node.id");
  return {
    service,
    ...(task === undefined ? {} : { task }),
    ...(node === undefined ? {} : { node }),
  };
}

/** The labels that cri-dockerd and the old dockershim put on a pod's containers (pkg/kubelet/types/labels.go). */
function readKubernetes(labels: Labels): Orchestration["kubernetes"] {
  const pod = labelOf(labels, "io.kubernetes.pod.name");
  const namespace = labelOf(labels, "io.kubernetes.pod.namespace");
  if (pod === undefined || namespace === undefined) return undefined;
  const container = labelOf(labels, "io.kubernetes.container.name");
  const podUid = labelOf(labels, "io.kubernetes.pod.uid");
  return {
    namespace,
    pod,
    ...(container === undefined ? {} : { container }),
    ...(podUid === undefined ? {} : { podUid }),
  };
}

function labelOf(labels: Labels, name: string): string | undefined {
  if (!Object.hasOwn(labels, name)) return undefined;
  return fitText(labels[name], objectNameLengthMax);
}
