// SPDX-License-Identifier: Apache-2.0
import { answerJson, answerText } from "../answer.ts";
import type { ControlCall } from "../call.ts";
import { statusText } from "../status-text.ts";

/** GET /v1/status: the daemon's `Status` as it is now; as text for people with `format=text`. */
export function showStatus({ response, query, tools }: ControlCall): void {
  const status = tools.status();
  if (query.get("format") === "text") answerText(response, statusText(status, tools.nowMs()));
  else answerJson(response, status);
}
