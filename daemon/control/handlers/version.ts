// SPDX-License-Identifier: Apache-2.0
import { json } from "../reply.ts";
import { nothing, route } from "../route.ts";

/** GET /v1/version: `{"name":"execwarden","version":"0.1.0","api":"v1"}`. */
export const versionRoute = route({
  method: "GET",
  path: "/v1/version",
  summary: "Version of the daemon and of this API",
  access: "read",
  query: nothing,
  body: nothing,
  handler: ({ tools }) => json({ name: "execwarden", version: tools.version, api: "v1" }),
});
