// SPDX-License-Identifier: Apache-2.0
import { duration, z } from "../text/schema.ts";

/** Names that the fixed outputs have in policies' `notify`, and that no webhook may take. */
const fixedOutputNames: readonly string[] = ["stdout", "file"];

const dockerSchemes = ["unix://", "tcp://", "http://", "https://"];
const dockerHostForms =
  "expected an address such as unix:///var/run/docker.sock or tcp://127.0.0.1:2376";

const dockerHostSchema = z.string().refine(isDockerHost, { error: dockerHostForms });

const pathSchema = z
  .string()
  .refine((path) => path.startsWith("/"), { error: "expected a path that starts with /" });

const webhookSchema = z.strictObject({
  name: z
    .string()
    .min(1)
    .refine((name) => !fixedOutputNames.includes(name), {
      error: `expected a name other than ${fixedOutputNames.join(" and ")}, which are outputs already`,
    })
    .describe("What policies call it in notify"),
  url: z.string().refine(isHttpUrl, {
    error: "expected an address such as https://alerts.example.com/execwarden",
  }),
  timeout: duration({ min: "100ms", max: "60s" }).prefault("5s").describe("For one post"),
  headers: z
    .record(z.string(), z.string())
    .default({})
    .describe("Sent along, such as Authorization"),
});

const outputsSchema = z.strictObject({
  stdout: z
    .union([
      z.boolean(),
      z.strictObject({
        enabled: z.boolean().default(true),
        format: z
          .enum(["auto", "text", "json"])
          .default("auto")
          .describe("auto: text on a terminal, else json. json: one alert per line"),
      }),
    ])
    .default(true),
  file: z.strictObject({ path: pathSchema }).optional(),
  webhooks: z.array(webhookSchema).default([]),
});

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
    })
    .prefault({}),
  witness: z
    .strictObject({ mode: z.enum(["gaps", "full", "off"]).default("gaps") })
    .optional()
    .describe("Read, but not available in this version"),
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
  outputs: outputsSchema.prefault({}),
});

/** The merged files with their defaults, in the words of the files. */
export type ConfigInput = z.output<typeof configSchema>;

/** True for an address that the engine's client can open. */
export function isDockerHost(text: string): boolean {
  return dockerSchemes.some((scheme) => text.startsWith(scheme) && text.length > scheme.length);
}

function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return hostname !== "" && (protocol === "http:" || protocol === "https:");
}
