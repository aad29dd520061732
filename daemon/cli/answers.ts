// SPDX-License-Identifier: Apache-2.0
import { priorities, type Alert } from "../model/alert.ts";
import type { Container } from "../model/container.ts";
import { z } from "../text/schema.ts";

const imageSchema = z
  .object({
    reference: z.string(),
    repository: z.string(),
    normalized_repository: z.string(),
    tag: z.string().optional(),
    digest: z.string().optional(),
    digests: z.array(z.string()).default([]),
    id: z.string(),
    labels: z.record(z.string(), z.string()).default({}),
  })
  .transform(({ normalized_repository: normalizedRepository, tag, digest, ...image }) => ({
    ...image,
    normalizedRepository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest, digests: [...image.digests, digest] }),
  }));

/** A container as alerts and GET /v1/containers tell it. */
const containerSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    image: imageSchema,
    labels: z.record(z.string(), z.string()),
    privileged: z.boolean().default(false),
    user: z.string().default(""),
    network_mode: z.string().default(""),
    state: z.enum(["created", "running", "paused", "dead"]).default("running"),
  })
  .transform(({ privileged, network_mode: networkMode, ...container }): Container => ({
    ...container,
    networkMode,
    isPrivileged: privileged,
    mounts: [],
    isComplete: true,
  }));

const guardedSchema = z.object({
  mode: z.enum(["observe", "enforce"]).optional(),
  settled: z.boolean(),
  devices: z.array(z.string()),
});

/** GET /v1/containers. */
export const containersSchema = z.object({
  containers: z.array(containerSchema.and(guardedSchema)),
});

const sourceSchema = z.object({ name: z.string(), text: z.string() });

const ruleSettingsSchema = z
  .object({
    selection: z.array(
      z.object({
        action: z.enum(["enable", "disable"]),
        by: z.enum(["rule", "tag"]),
        pattern: z.string(),
      }),
    ),
    priority: z.enum(priorities),
    rule_matching: z.enum(["first", "all"]),
  })
  .transform(({ selection, priority, rule_matching: matching }) => ({
    ...{ selection, matching, minPriority: priority },
  }));

/** GET /v1/sources. */
export const sourcesSchema = z
  .object({
    generation: z.number(),
    mode: z.enum(["monitor", "enforce"]),
    rules: z.array(sourceSchema),
    policies: z.array(sourceSchema),
    allowlist: sourceSchema.optional(),
    output_names: z.array(z.string()),
    rule_settings: ruleSettingsSchema,
  })
  .transform(({ allowlist, output_names: outputNames, rule_settings: ruleSettings, ...files }) => ({
    ...files,
    outputNames,
    ruleSettings,
    allowlists: allowlist === undefined ? [] : [allowlist],
  }));

const processSchema = z.object({
  pid: z.number(),
  vpid: z.number(),
  name: z.string(),
  exepath: z.string(),
  cmdline: z.string(),
});

const contextSchema = z.object({
  held: z.boolean(),
  process: processSchema.extend({
    tty: z.number().default(0),
    uid: z.number().default(0),
    gid: z.number().default(0),
    cwd: z.string().optional(),
  }),
  ancestors: z.array(processSchema),
  user: z.object({ name: z.string().optional(), group: z.string().optional() }).default({}),
  container: containerSchema.optional(),
  host: z.object({
    hostname: z.string(),
    machine_id: z.string(),
    kernel: z.string(),
    boot_id: z.string(),
  }),
});

/** What lists of programs said: of the fields of an alert the one that nothing else tells. */
const reasonField = "proc.allowlist_reason";

/** An alert about an exec as `formatJson` writes it: the parts that an event can be rebuilt from. */
export const alertSchema = z
  .object({
    uuid: z.string(),
    rule: z.string(),
    priority: z.enum(priorities),
    time: z.string(),
    source: z.string().default("syscall"),
    output_fields: z.object({ [reasonField]: z.string().nullish() }).default({}),
    execwarden: contextSchema,
  })
  .transform(({ time, execwarden: context, output_fields: fields, ...alert }): Alert => {
    const { held, user, host, container, ancestors } = context;
    const { cwd, ...process } = context.process;
    return {
      ...alert,
      timeNs: BigInt(Math.trunc(Date.parse(time))) * 1_000_000n,
      ...{ tags: [], description: "", output: "", policies: [], outcomes: [] },
      fields: { [reasonField]: fields[reasonField] ?? null },
      verdict: "allow",
      isHeld: held,
      process: {
        ...process,
        ...(cwd === undefined ? {} : { cwd }),
        ...(user.name === undefined ? {} : { user: user.name }),
        ...(user.group === undefined ? {} : { group: user.group }),
      },
      ancestors,
      ...(container === undefined ? {} : { container }),
      host: {
        hostname: host.hostname,
        machineId: host.machine_id,
        kernel: host.kernel,
        bootId: host.boot_id,
      },
    };
  });
