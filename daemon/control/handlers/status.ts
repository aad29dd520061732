// SPDX-License-Identifier: Apache-2.0
import type { Status } from "../../model/status.ts";
import { z } from "../../text/schema.ts";
import { controlStatus } from "../call.ts";
import { json, text } from "../reply.ts";
import { nothing, route } from "../route.ts";
import { statusText } from "../status-text.ts";

/** GET /v1/status: the daemon's `Status` as it is now; as text for people with `format=text`. */
export const statusRoute = route({
  method: "GET",
  path: "/v1/status",
  summary: "What the daemon guards, what it counted, and how it is",
  access: "read",
  query: z.strictObject({
    format: z.enum(["json", "text"], { error: "expected json or text" }).default("json"),
  }),
  body: nothing,
  handler({ query, tools, state }) {
    const status: Status = { ...tools.status(), control: controlStatus(state) };
    return query.format === "text" ? text(statusText(status, tools.nowMs())) : json(status);
  },
});
