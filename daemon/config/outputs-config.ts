// SPDX-License-Identifier: Apache-2.0
import type { OutputsConfig, SpoolConfig, WebhookConfig } from "./config.ts";
import type { ConfigInput } from "./schema.ts";

type OutputsInput = ConfigInput["outputs"];
type WebhookInput = OutputsInput["webhooks"][number];

/** The part `outputs`, in the words of the program. */
export function toOutputsConfig(input: OutputsInput): OutputsConfig {
  const stdout = stdoutOf(input.stdout);
  return {
    queue: { alertsMax: input.queue.alerts, bytesMax: input.queue.size },
    ...(stdout === undefined ? {} : { stdout }),
    ...(input.file === undefined ? {} : { file: fileOf(input.file) }),
    webhooks: input.webhooks.map((webhook) => webhookOf(webhook, input.spool)),
  };
}

function stdoutOf(stdout: OutputsInput["stdout"]): OutputsConfig["stdout"] {
  if (stdout === false) return undefined;
  if (stdout === true) return { format: "auto" };
  return stdout.enabled ? { format: stdout.format } : undefined;
}

function fileOf({
  path,
  rotate,
}: NonNullable<OutputsInput["file"]>): NonNullable<OutputsConfig["file"]> {
  if (rotate === false) return { path };
  return { path, rotate: { bytesMax: rotate.size, keep: rotate.keep } };
}

function webhookOf(input: WebhookInput, spool: OutputsInput["spool"]): WebhookConfig {
  const { name, url, timeout, headers, headers_file, tls, requests, retry } = input;
  return {
    ...{ name, url, timeoutMs: timeout, headers, requestsMax: requests },
    ...(headers_file === undefined ? {} : { headersFile: headers_file }),
    tls: {
      ...(tls.ca_file === undefined ? {} : { caFile: tls.ca_file }),
      ...(tls.cert_file === undefined ? {} : { certFile: tls.cert_file }),
      ...(tls.key_file === undefined ? {} : { keyFile: tls.key_file }),
    },
    retry: {
      firstPauseMs: retry.first_pause,
      pauseMaxMs: retry.pause_max,
      attemptsMax: retry.attempts,
    },
    ...(spool.enabled && input.spool ? { spool: spoolOf(spool) } : {}),
  };
}

function spoolOf({ directory, size, fsync }: OutputsInput["spool"]): SpoolConfig {
  return { directory, bytesMax: size, fsync };
}
