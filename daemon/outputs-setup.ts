// Plans the outputs that the configuration names.
// SPDX-License-Identifier: Apache-2.0
import type { Writable } from "node:stream";
import type { OutputsConfig, WebhookConfig } from "./config/config.ts";
import { createDescriptorStream } from "./host/descriptor-stream.ts";
import type { Log, Output } from "./model/ports.ts";
import { createFileOutput, defaultFileOutputLimits } from "./outputs/file-output.ts";
import { createJsonFormatter } from "./outputs/format-json.ts";
import type { OutputPlan } from "./outputs/output-plan.ts";
import { defaultRetryLimits } from "./outputs/retry.ts";
import { createStdoutOutput } from "./outputs/stdout-output.ts";
import { createWebhookOutput, type WebhookOutputOptions } from "./outputs/webhook-output.ts";
import { createLane } from "./util/lane.ts";

/** Who reads standard output. */
export interface OutputAudience {
  readonly isTerminal: boolean;
  readonly hasColor: boolean;
}

/** Says which outputs a configuration asks for. */
export type OutputPlanner = (outputs: OutputsConfig) => readonly OutputPlan[];

/** Makes the planner of a daemon. Whatever is planned later shares standard output, and each alert's JSON. */
export function createOutputPlanner(audience: OutputAudience, log: Log): OutputPlanner {
  const formatJson = createJsonFormatter();
  let stdoutStream: Writable | undefined;
  const lane = createLane();

  function stdoutPlan({ queue, stdout }: OutputsConfig): readonly OutputPlan[] {
    if (stdout === undefined) return [];
    const create = (): Output => {
      stdoutStream ??= createDescriptorStream(1);
      const { format } = stdout;
      const stream = stdoutStream;
      return createStdoutOutput({ stream, format, ...audience, formatJson, log, limits: queue });
    };
    return [{ name: "stdout", settings: { queue, stdout }, create }];
  }

  function filePlan({ queue, file }: OutputsConfig): readonly OutputPlan[] {
    if (file === undefined) return [];
    const limits = { ...defaultFileOutputLimits, ...queue };
    const create = (): Output =>
      createFileOutput({ path: file.path, rotation: file.rotate, formatJson, log, limits });
    return [{ name: "file", settings: { queue, file }, create }];
  }

  function webhookPlan(webhook: WebhookConfig, queue: OutputsConfig["queue"]): OutputPlan {
    const { name, timeoutMs, requestsMax, retry, spool, loaded } = webhook;
    const create = (): Output =>
      createWebhookOutput({
        name,
        url: new URL(webhook.url),
        headers: { ...webhook.headers, ...loaded?.headers },
        tls: tlsOf(loaded),
        formatJson,
        log,
        limits: { ...queue, ...defaultRetryLimits, ...retry, timeoutMs, requestsMax },
        ...(spool === undefined ? {} : { spool: { ...spool, name, lane } }),
      });
    return { name, settings: { queue, webhook }, create };
  }

  return (outputs) => [
    ...stdoutPlan(outputs),
    ...filePlan(outputs),
    ...outputs.webhooks.map((webhook) => webhookPlan(webhook, outputs.queue)),
  ];
}

function tlsOf(loaded: WebhookConfig["loaded"]): NonNullable<WebhookOutputOptions["tls"]> {
  if (loaded === undefined) return {};
  const { headers: _headers, ...tls } = loaded;
  return tls;
}
