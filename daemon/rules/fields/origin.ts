// SPDX-License-Identifier: Apache-2.0
import type { ExecEvent } from "../../model/event.ts";
import type { FieldSpec } from "../../lang/field.ts";
import { plainFields } from "./define.ts";

/** How a process came into its container (ours), and what upstream asks of it. */
export const originFields: readonly FieldSpec<ExecEvent>[] = plainFields<ExecEvent>([
  [
    "container.exec_origin",
    "string",
    "entrypoint, exec, healthcheck, or child of one of them",
    ({ process }) => process.origin?.kind,
  ],
  [
    "container.exec_root",
    "string",
    "entrypoint, exec or healthcheck: of a child, where its line began",
    ({ process }) => rootOf(process.origin),
  ],
  [
    "container.exec_id",
    "string",
    "the engine's id of the exec that the process belongs to",
    ({ process }) => process.origin?.execId,
  ],
  [
    "container.exec_origin_exact",
    "bool",
    "false where the origin was found by likeness",
    ({ process }) => process.origin?.isExact,
  ],
  [
    "proc.is_container_healthcheck",
    "bool",
    "runs as part of the container's health check",
    ({ process }) => rootOf(process.origin) === "healthcheck",
  ],
  ["proc.is_container_liveness_probe", "bool", "false: the engine knows of none", () => false],
  ["proc.is_container_readiness_probe", "bool", "false: the engine knows of none", () => false],
]);

function rootOf(origin: ExecEvent["process"]["origin"]): string | undefined {
  return origin?.kind === "child" ? origin.root : origin?.kind;
}
