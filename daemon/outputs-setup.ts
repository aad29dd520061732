// Builds the outputs that the configuration names.
// SPDX-License-Identifier: Apache-2.0
import type { Config } from "./config/config.ts";
import { createDescriptorStream } from "./host/descriptor-stream.ts";
import type { Log, Output } from "./model/ports.ts";
import { createFileOutput } from "./outputs/file-output.ts";
import { createJsonFormatter } from "./outputs/format-json.ts";
import { createStdoutOutput } from "./outputs/stdout-output.ts";
import { createWebhookOutput, defaultWebhookLimits } from "./outputs/webhook-output.ts";

/** Who reads standard output. */
export interface OutputAudience {
  readonly isTerminal: boolean;
  readonly hasColor: boolean;
}

/** Creates them, in the order of their names. Each alert is formatted once for all that want JSON. */
export function createOutputs(
  config: Config,
  audience: OutputAudience,
  log: Log,
): readonly Output[] {
  const { stdout, file, webhooks } = config.outputs;
  const formatJson = createJsonFormatter();
  const outputs: Output[] = [];
  if (stdout !== undefined) {
    const stream = createDescriptorStream(1);
    outputs.push(
      createStdoutOutput({ stream, format: stdout.format, ...audience, formatJson, log }),
    );
  }
  if (file !== undefined) outputs.push(createFileOutput({ path: file.path, formatJson, log }));
  for (const { name, url, timeoutMs, headers } of webhooks) {
    const limits = { ...defaultWebhookLimits, timeoutMs };
    outputs.push(
      createWebhookOutput({ name, url: new URL(url), headers, formatJson, log, limits }),
    );
  }
  return outputs;
}
