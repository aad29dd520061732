// SPDX-License-Identifier: Apache-2.0
import { duration, z } from "../../text/schema.ts";
import { json } from "../reply.ts";
import { nothing, route } from "../route.ts";
import { callerText } from "./reload.ts";

/** POST /v1/pause: enforces nothing for a while; answers with the `Enforcement`. */
export const pauseRoute = route({
  method: "POST",
  path: "/v1/pause",
  summary: "Enforce nothing for a while: alerts go on, nothing is refused or done to containers",
  access: "write",
  query: nothing,
  body: z.strictObject({
    for: duration({ min: "1s", max: "24h" }),
    reason: z.string().max(200).optional(),
  }),
  handler: async ({ body, caller, tools }) =>
    json(
      await tools.enforcement.pause({
        ...{ forMs: body.for, by: callerText(caller) },
        reason: body.reason,
      }),
    ),
});

/** POST /v1/resume: enforces again; answers with the `Enforcement`. */
export const resumeRoute = route({
  method: "POST",
  path: "/v1/resume",
  summary: "End a pause of enforcement before its time",
  access: "write",
  query: nothing,
  body: nothing,
  handler: async ({ caller, tools }) => json(await tools.enforcement.resume(callerText(caller))),
});
