// SPDX-License-Identifier: Apache-2.0
import type { ServerResponse } from "node:http";
import { z } from "../../text/schema.ts";
import { jsonText } from "../../util/json-text.ts";
import type { ControlState, ControlTools } from "../call.ts";
import { createEventWriter, type EventWriter } from "../event-writer.ts";
import { refuse } from "../reply.ts";
import { count, flag, nothing, route } from "../route.ts";

const query = z.strictObject({
  follow: flag.describe("1: go on with the alerts that come"),
  last: count(999_999).optional().describe("How many past alerts; all, or none with follow"),
  format: z.enum(["json", "text"], { error: "expected json or text" }).default("json"),
  color: flag.describe("1: text with colours"),
});

type Question = z.infer<typeof query>;

/** GET /v1/events: the last alerts as NDJSON (or as text for people), and with `follow=1` those that come. */
export const eventsRoute = route({
  method: "GET",
  path: "/v1/events",
  summary: "The last alerts, and with follow=1 those that come, one JSON object a line",
  access: "read",
  query,
  body: nothing,
  handler({ query: question, tools, state }) {
    const { followersMax } = state.limits;
    if (question.follow && state.followers >= followersMax) {
      const message = `cannot follow events: ${followersMax} others do already; end one of them`;
      return refuse(503, "too-many-followers", { message });
    }
    return {
      kind: "stream",
      contentType:
        question.format === "json" ? "application/x-ndjson" : "text/plain; charset=utf-8",
      start(response) {
        const writer = startWriter({ response, tools, state, question });
        if (question.follow) follow({ response, tools, state }, writer);
        else writer.end();
      },
    };
  },
});

interface Stream {
  readonly response: ServerResponse;
  readonly tools: ControlTools;
  readonly state: ControlState;
}

function startWriter(stream: Stream & { readonly question: Question }): EventWriter {
  const { response, tools, state, question } = stream;
  const { formats } = tools;
  const isJson = question.format === "json";
  return createEventWriter({
    response,
    past: tools.events.recent(question.last ?? (question.follow ? 0 : 999_999)),
    heldAlertsMax: state.limits.heldAlertsMax,
    onLost: () => {
      state.alertsLost += 1;
    },
    render: isJson
      ? (alert) => `${formats.json(alert)}\n`
      : (alert) => formats.text(alert, { hasColor: question.color }),
    renderLoss: isJson
      ? (dropped) => `${jsonText({ dropped })}\n`
      : (dropped) => `(${dropped} events lost: this reader was too slow)\n\n`,
  });
}

function follow({ response, tools, state }: Stream, writer: EventWriter): void {
  if (response.destroyed) return;
  const unfollow = tools.events.follow((alert) => {
    writer.write(alert);
  });
  state.followers += 1;
  response.on("close", () => {
    unfollow();
    state.followers -= 1;
  });
}
