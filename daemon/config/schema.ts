// SPDX-License-Identifier: Apache-2.0
import { duration, z } from "../text/schema.ts";
import { appendOutputSchema, prioritySchema, selectionSchema } from "./rules-schema.ts";
import { outputsSchema, pathSchema } from "./outputs-schema.ts";

const dockerSchemes = ["unix://", "tcp://", "http://", "https://"];
const dockerHostForms =
  "expected an address such as unix:///var/run/docker.sock or tcp://127.0.0.1:2376";

const dockerHostSchema = z.string().refine(isDockerHost, { error: dockerHostForms });

/** What execwarden.yaml and conf.d/*.yaml may hold. Every key has a default. */
export const configSchema = z.strictObject({
  docker: z
    .strictObject({
      host: dockerHostSchema
        .optional()
        .describe("DOCKER_HOST, or else unix:///var/run/docker.sock, when left out"),
    })
    .default({}),
  rules_files: z
    .array(pathSchema)
    .default(["/usr/share/execwarden/rules", "/etc/execwarden/rules.d"])
    .describe("Falco rule files, or directories of them; later ones override"),
  rules: selectionSchema,
  priority: prioritySchema,
  rule_matching: z
    .enum(["first", "all"])
    .default("all")
    .describe("first: the first rule that matches is the only one, as Falco has it by default"),
  append_output: appendOutputSchema,
  policies_files: z.array(pathSchema).default(["/etc/execwarden/policies.d"]),
  allowlist_file: pathSchema.default("/etc/execwarden/allowlist.yaml"),
  mode: z
    .enum(["monitor", "enforce"])
    .default("monitor")
    .describe("monitor: nothing is enforced, whatever policies say"),
  gate: z
    .strictObject({
      deadline: duration({ min: "10ms", max: "10s" })
        .prefault("250ms")
        .describe("How long a held exec may wait for its decision"),
      on_deadline: z.enum(["allow", "deny"]).default("allow").describe("The answer after that"),
      budget: z
        .strictObject({
          execs_per_second: z
            .number()
            .int()
            .min(0)
            .max(100_000)
            .default(100)
            .describe("Execs of one container that may go on for ever; 0: no bound"),
          burst: z
            .number()
            .int()
            .min(1)
            .max(1_000_000)
            .default(1_000)
            .describe(
              "Execs beyond that at once; then repeats of its alerts are counted, not sent",
            ),
        })
        .prefault({}),
      keep_over_restart: z
        .boolean()
        .default(false)
        .describe(
          "While the daemon is started again, execs of guarded containers wait for it; takes systemd",
        ),
    })
    .prefault({}),
  witness: z
    .strictObject({
      mode: z
        .enum(["gaps", "full", "off"])
        .default("gaps")
        .describe(
          "gaps: what the gate cannot see. full: every exec twice, and compared. off: gate only",
        ),
      memfd: z
        .boolean()
        .default(true)
        .describe(
          "Record programs that are run from memory; see docs/operations.md about its cost",
        ),
    })
    .prefault({}),
  control: z
    .strictObject({
      socket: pathSchema.default("/run/execwarden/execwarden.sock"),
      group: z.string().min(1).default("execwarden").describe("Group that may use the socket"),
      writers_group: z
        .string()
        .min(1)
        .optional()
        .describe("Members of `group` who are also in this one may change what the daemon does"),
    })
    .prefault({}),
  plugin: z
    .strictObject({
      socket: pathSchema
        .optional()
        .describe("Where the engine's questions come in; authz.sock beside the control socket"),
      deadline: duration({ min: "50ms", max: "30s" })
        .prefault("2s")
        .describe("How long a request at the engine's API may wait for its decision"),
      on_failure: z
        .enum(["allow", "deny"])
        .default("allow")
        .describe("The answer in enforce mode when a request cannot be judged"),
    })
    .prefault({}),
  outputs: outputsSchema.prefault({}),
  watch: z
    .boolean()
    .default(false)
    .describe("Reload when a file changes; without it execwarden reload or SIGHUP does"),
  state_directory: pathSchema
    .default("/var/lib/execwarden")
    .describe("Where the daemon keeps when it last guarded, for the status after a restart"),
});

/** The merged files with their defaults, in the words of the files. */
export type ConfigInput = z.output<typeof configSchema>;

/** True for an address that the engine's client can open. */
export function isDockerHost(text: string): boolean {
  return dockerSchemes.some((scheme) => text.startsWith(scheme) && text.length > scheme.length);
}
