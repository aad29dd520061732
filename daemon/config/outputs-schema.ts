// SPDX-License-Identifier: Apache-2.0
import { byteSize, duration, z } from "../text/schema.ts";
import { isHeaderName, isHeaderValue, ownHeaders } from "./headers-file.ts";

/** Names that the fixed outputs have in policies' `notify`, and that no webhook may take. */
const fixedOutputNames: readonly string[] = ["stdout", "file", "recent"];

/** A file or directory, by its whole path. */
export const pathSchema = z
  .string()
  .refine((path) => path.startsWith("/"), { error: "expected a path that starts with /" });

const headersSchema = z.record(
  z.string().refine(isHeaderName, {
    error: `expected the name of a header, but none of ${ownHeaders.join(", ")}, which are set already`,
  }),
  z.string().refine(isHeaderValue, { error: "expected one line of text" }),
);

const tlsSchema = z
  .strictObject({
    ca_file: pathSchema.optional().describe("PEM: trust these authorities instead of the usual"),
    cert_file: pathSchema.optional().describe("PEM: who we are; needs key_file"),
    key_file: pathSchema.optional().describe("PEM: the key of cert_file"),
  })
  .refine(({ cert_file, key_file }) => (cert_file === undefined) === (key_file === undefined), {
    error: "expected cert_file and key_file together",
  });

const retrySchema = z.strictObject({
  first_pause: duration({ min: "10ms", max: "1m" })
    .prefault("250ms")
    .describe("Upper bound of the first pause; each further one is twice as long"),
  pause_max: duration({ min: "100ms", max: "1h" })
    .prefault("30s")
    .describe("The longest pause, unless Retry-After asks for more"),
  attempts: z
    .int()
    .min(1)
    .max(1000)
    .default(10)
    .describe("For an alert that the receiver answers with an error of its own"),
});

const webhookSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
      error: "expected up to 64 letters, digits, dots, - and _",
    })
    .refine((name) => !fixedOutputNames.includes(name), {
      error: `expected a name other than ${fixedOutputNames.join(" and ")}, which are outputs already`,
    })
    .describe("What policies call it in notify"),
  url: z.string().refine(isHttpUrl, {
    error: "expected an address such as https://alerts.example.com/execwarden",
  }),
  timeout: duration({ min: "100ms", max: "60s" }).prefault("5s").describe("For one post"),
  headers: headersSchema.default({}).describe("Sent along, such as Authorization"),
  headers_file: pathSchema
    .optional()
    .describe("More headers, one `Name: value` a line: the place for secrets"),
  tls: tlsSchema.prefault({}),
  requests: z.int().min(1).max(64).default(4).describe("Posts under way at the same time"),
  retry: retrySchema.prefault({}),
  spool: z.boolean().default(true).describe("false: what waits is lost when the daemon ends"),
});

const spoolSchema = z.strictObject({
  enabled: z.boolean().default(true),
  directory: pathSchema
    .default("/var/lib/execwarden/spool")
    .describe("Where alerts wait that a webhook has not taken; made with mode 0700"),
  size: byteSize({ min: "1MiB", max: "64GiB" })
    .prefault("64MiB")
    .describe("For one webhook; beyond it the oldest are dropped, and counted"),
  fsync: z
    .enum(["always", "interval", "never"])
    .default("interval")
    .describe("always: before each post; interval: each second; never: left to the kernel"),
});

const rotateSchema = z.strictObject({
  size: byteSize({ min: "64KiB", max: "1024GiB" })
    .prefault("100MiB")
    .describe("A file that would become larger is moved to FILE.1"),
  keep: z.int().min(0).max(1000).default(5).describe("How many of those are kept"),
});

/** The part `outputs`. */
export const outputsSchema = z.strictObject({
  queue: z
    .strictObject({
      alerts: z.int().min(100).max(1_000_000).default(10_000),
      size: byteSize({ min: "1MiB", max: "4GiB" }).prefault("16MiB"),
    })
    .prefault({})
    .describe("What may wait in memory in front of each output; beyond it alerts are dropped"),
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
  file: z
    .strictObject({
      path: pathSchema,
      rotate: z
        .union([z.literal(false), rotateSchema])
        .prefault({})
        .describe("false: something else rotates it, and may send SIGUSR1"),
    })
    .optional(),
  spool: spoolSchema.prefault({}),
  webhooks: z.array(webhookSchema).default([]),
});

function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return hostname !== "" && (protocol === "http:" || protocol === "https:");
}
