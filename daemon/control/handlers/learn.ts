// SPDX-License-Identifier: Apache-2.0
import { duration, z } from "../../text/schema.ts";
import { json, refuse } from "../reply.ts";
import { nothing, route } from "../route.ts";

/** POST /v1/allowlist/learn: watches what runs in containers of an image; answers with the `LearnSession`. */
export const learnRoute = route({
  method: "POST",
  path: "/v1/allowlist/learn",
  summary: "Watch what runs in containers of an image, to list it",
  access: "write",
  query: nothing,
  body: z.strictObject({
    image: z.string().min(1).max(1_024).describe("As in the allowlist"),
    for: duration({ min: "1s", max: "24h" }),
  }),
  async handler({ body, tools }) {
    const begun = await tools.learning.begin(body.image, body.for);
    if (begun.ok) return json(begun.value);
    return refuse(409, "cannot-learn", { message: begun.error.message });
  },
});

/** GET /v1/allowlist/learn: how far each session is. */
export const learningRoute = route({
  method: "GET",
  path: "/v1/allowlist/learn",
  summary: "How far the sessions that learn are",
  access: "read",
  query: nothing,
  body: nothing,
  handler: async ({ tools }) => json({ sessions: await tools.learning.list() }),
});

/** POST /v1/allowlist/learned: ends a session; answers with the `LearnReport`, all that was seen. */
export const learnedRoute = route({
  method: "POST",
  path: "/v1/allowlist/learned",
  summary: "Stop learning and tell all that was seen",
  access: "write",
  query: nothing,
  body: z.strictObject({ session: z.int().min(1) }),
  async handler({ body, tools }) {
    const report = await tools.learning.end(body.session);
    if (report !== undefined) return json(report);
    const message = `cannot tell what session ${body.session} learned: there is none; one that nobody asked about for a minute is over`;
    return refuse(404, "unknown-session", { message });
  },
});
