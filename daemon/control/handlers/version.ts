// SPDX-License-Identifier: Apache-2.0
import { answerJson } from "../answer.ts";
import type { ControlCall } from "../call.ts";

/** GET /v1/version: `{"name":"execwarden","version":"0.1.0","api":"v1"}`. */
export function showVersion({ response, tools }: ControlCall): void {
  answerJson(response, { name: "execwarden", version: tools.version, api: "v1" });
}
