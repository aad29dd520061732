// SPDX-License-Identifier: Apache-2.0
import { jsonText } from "../../util/json-text.ts";
import { answerError } from "../answer.ts";
import type { ControlCall } from "../call.ts";
import { createEventWriter, type EventWriter } from "../event-writer.ts";

/** GET /v1/events: the last alerts as NDJSON (or as text for people), and with `follow=1` those that come. */
export function showEvents(call: ControlCall): void {
  const { response, tools } = call;
  const question = readQuestion(call.query);
  if (typeof question === "string") {
    answerError(response, { status: 400, code: "bad-query", message: question });
    return;
  }
  const { followersMax } = tools.limits;
  if (question.isFollowing && tools.followers.size >= followersMax) {
    const message = `cannot follow events: ${followersMax} others do already; end one of them`;
    answerError(response, { status: 503, code: "too-many-followers", message });
    return;
  }
  const type = question.format === "json" ? "application/x-ndjson" : "text/plain; charset=utf-8";
  response.writeHead(200, { "content-type": type });
  // Who waits for events wants to see at once that the daemon listens.
  response.flushHeaders();
  const writer = startWriter(call, question);
  if (question.isFollowing) follow(call, writer);
  else writer.end();
}

interface Question {
  readonly isFollowing: boolean;
  /** How many of the past alerts. */
  readonly last: number;
  readonly format: "json" | "text";
  readonly hasColor: boolean;
}

const known: ReadonlySet<string> = new Set(["follow", "last", "format", "color"]);

/** The question, or what is wrong with it. */
function readQuestion(query: URLSearchParams): Question | string {
  const unknown = [...query.keys()].find((name) => !known.has(name));
  if (unknown !== undefined) {
    return `cannot read parameter "${unknown}": it must be one of ${[...known].join(", ")}`;
  }
  const isFollowing = isSet(query, "follow");
  const format = query.get("format") ?? "json";
  const last = query.get("last") ?? (isFollowing ? "0" : "1000");
  if (format !== "json" && format !== "text") {
    return `cannot read format "${format}": it must be json or text`;
  }
  if (!/^\d{1,6}$/.test(last)) {
    return `cannot read last "${last}": it must be a number of alerts, 0 to 999999`;
  }
  return { isFollowing, last: Number(last), format, hasColor: isSet(query, "color") };
}

function isSet(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value === "1" || value === "true";
}

function startWriter({ response, tools }: ControlCall, question: Question): EventWriter {
  const { formats } = tools;
  const isJson = question.format === "json";
  return createEventWriter({
    response,
    past: tools.events.recent(question.last),
    heldAlertsMax: tools.limits.heldAlertsMax,
    render: isJson
      ? (alert) => `${formats.json(alert)}\n`
      : (alert) => formats.text(alert, { hasColor: question.hasColor }),
    renderLoss: isJson
      ? (dropped) => `${jsonText({ dropped })}\n`
      : (dropped) => `(${dropped} events lost: this reader was too slow)\n\n`,
  });
}

function follow({ response, tools }: ControlCall, writer: EventWriter): void {
  const unfollow = tools.events.follow((alert) => {
    writer.write(alert);
  });
  tools.followers.add(response);
  response.on("close", () => {
    unfollow();
    tools.followers.delete(response);
  });
}
