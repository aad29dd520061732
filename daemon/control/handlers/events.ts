// SPDX-License-Identifier: Apache-2.0
import type { ServerResponse } from "node:http";
import type { Alert } from "../../model/alert.ts";
import { diagnosticsToJson, renderDiagnostics } from "../../text/render.ts";
import { z } from "../../text/schema.ts";
import { jsonText } from "../../util/json-text.ts";
import { printableText } from "../../util/printable-text.ts";
import { err, ok, type Result } from "../../util/result.ts";
import type { AlertQueries, Compiled, ControlState, ControlTools } from "../call.ts";
import { createEventWriter, type EventWriter } from "../event-writer.ts";
import { refuse, type Refusal } from "../reply.ts";
import { count, flag, nothing, route } from "../route.ts";

const pastMax = 999_999;

const query = z.strictObject({
  follow: flag.describe("1: go on with the alerts that come"),
  last: count(pastMax)
    .optional()
    .describe("How many past alerts that the filter lets pass; all, or none with follow"),
  filter: z.string().min(1).max(4096).optional().describe("A Falco condition over alerts"),
  fields: z.string().min(1).max(4096).optional().describe("Fields to show, with commas between"),
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
    const passes = compiled(question.filter, tools.queries.filter, "bad-filter");
    if (!passes.ok) return passes.error;
    const fields = compiled(question.fields, tools.queries.fields, "bad-fields");
    if (!fields.ok) return fields.error;
    const view = { question, passes: passes.value ?? ((): boolean => true), fields: fields.value };
    return {
      kind: "stream",
      contentType:
        question.format === "json" ? "application/x-ndjson" : "text/plain; charset=utf-8",
      start(response) {
        const stream = { response, tools, state, view };
        const writer = startWriter(stream);
        if (question.follow) follow(stream, writer);
        else writer.end();
      },
    };
  },
});

function compiled<T>(
  text: string | undefined,
  compile: (text: string) => Compiled<T>,
  code: string,
): Result<T | undefined, Refusal> {
  if (text === undefined) return ok(undefined);
  const { value, diagnostics } = compile(text);
  if (value !== undefined) return ok(value);
  const message = renderDiagnostics(diagnostics).trimEnd();
  const details = { diagnostics: diagnosticsToJson(diagnostics) };
  return err(refuse(400, code, { message, details }));
}

/** Which alerts a caller wants, and how. */
interface View {
  readonly question: Question;
  readonly passes: (alert: Alert) => boolean;
  /** What to show of each; undefined for all of it. */
  readonly fields: ReturnType<AlertQueries["fields"]>["value"];
}

interface Stream {
  readonly response: ServerResponse;
  readonly tools: ControlTools;
  readonly state: ControlState;
  readonly view: View;
}

function startWriter({ response, tools, state, view }: Stream): EventWriter {
  const { question, passes } = view;
  const last = question.last ?? (question.follow ? 0 : pastMax);
  const past = last === 0 ? [] : tools.events.recent(pastMax).filter(passes).slice(-last);
  return createEventWriter({
    response,
    past,
    heldAlertsMax: state.limits.heldAlertsMax,
    onLost: () => {
      state.alertsLost += 1;
    },
    render: rendererOf(view, tools),
    renderLoss:
      question.format === "json"
        ? (dropped) => `${jsonText({ dropped })}\n`
        : (dropped) => `(${dropped} events lost: this reader was too slow)\n\n`,
  });
}

function rendererOf(
  { question, fields }: View,
  { formats }: ControlTools,
): (alert: Alert) => string {
  const isJson = question.format === "json";
  if (fields !== undefined) {
    // A tab or a line break in a value is escaped, so that a line stays a line and a column a column.
    return isJson
      ? (alert) => `${jsonText(fields.values(alert))}\n`
      : (alert) => `${fields.texts(alert).map(printableText).join("\t")}\n`;
  }
  return isJson
    ? (alert) => `${formats.json(alert)}\n`
    : (alert) => formats.text(alert, { hasColor: question.color });
}

function follow({ response, tools, state, view }: Stream, writer: EventWriter): void {
  if (response.destroyed) return;
  const unfollow = tools.events.follow((alert) => {
    if (view.passes(alert)) writer.write(alert);
  });
  state.followers += 1;
  response.on("close", () => {
    unfollow();
    state.followers -= 1;
  });
}
