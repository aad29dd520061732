// Plans the outputs that the configuration names.
// SPDX-License-Identifier: Apache-2.0
import type { Writable } from "node:stream";
import type { Config } from "./config/config.ts";
import { createDescriptorStream } from "./host/descriptor-stream.ts";
import type { Log } from "./model/ports.ts";
import { createFileOutput } from "./outputs/file-output.ts";
import { createJsonFormatter } from "./outputs/format-json.ts";
import type { OutputPlan } from "./outputs/output-plan.ts";
import { createStdoutOutput } from "./outputs/stdout-output.ts";
import { createWebhookOutput, defaultWebhookLimits } from "./outputs/webhook-output.ts";

/** Who reads standard output. */
export interface OutputAudience {
  readonly isTerminal: boolean;
  readonly hasColor: boolean;
}

/** Says which outputs a configuration asks for. */
export type OutputPlanner = (outputs: Config["outputs"]) => readonly OutputPlan[];

/** Makes the planner of a daemon. Whatever is planned later shares standard output, and each alert's JSON. */
export function createOutputPlanner(audience: OutputAudience, log: Log): OutputPlanner {
  const formatJson = createJsonFormatter();
  let stdoutStream: Writable | undefined;
  return ({ stdout, file, webhooks }) => [
    ...(stdout === undefined
      ? []
      : [
          {
            name: "stdout",
            settings: stdout,
            create: () => {
              stdoutStream ??= createDescriptorStream(1);
              const { format } = stdout;
              const stream = stdoutStream;
              return createStdoutOutput({ stream, format, ...audience, formatJson, log });
            },
          },
        ]),
    ...(file === undefined
      ? []
      : [
          {
            name: "file",
            settings: file,
            create: () => createFileOutput({ path: file.path, formatJson, log }),
          },
        ]),
    ...webhooks.map((webhook) => ({
      name: webhook.name,
      settings: webhook,
      create: () => {
        const { name, headers, timeoutMs } = webhook;
        const limits = { ...defaultWebhookLimits, timeoutMs };
        const url = new URL(webhook.url);
        return createWebhookOutput({ name, url, headers, formatJson, log, limits });
      },
    })),
  ];
}
