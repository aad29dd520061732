// SPDX-License-Identifier: Apache-2.0
import type { Config } from "./config.ts";

/** Names of all outputs that the configuration switches on, in their order; `notify` may use them. */
export function outputNamesOf({ outputs }: Config): readonly string[] {
  return [
    ...(outputs.stdout === undefined ? [] : ["stdout"]),
    ...(outputs.file === undefined ? [] : ["file"]),
    ...outputs.webhooks.map(({ name }) => name),
  ];
}
