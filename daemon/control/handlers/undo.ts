// SPDX-License-Identifier: Apache-2.0
import { z } from "../../text/schema.ts";
import { json, refuse } from "../reply.ts";
import { nothing, route } from "../route.ts";

const uuidForm = "expected an alert's uuid, such as 0a1b2c3d-0a1b-4c2d-8e3f-0a1b2c3d4e5f";

/** POST /v1/undo: takes back what the actions of one alert did, where that is possible. */
export const undoRoute = route({
  method: "POST",
  path: "/v1/undo",
  summary: "Undo the actions of an alert: unpause, reconnect its networks",
  access: "write",
  query: nothing,
  body: z.strictObject({
    alert: z
      .string({ error: uuidForm })
      .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, { error: uuidForm })
      .describe("The alert's uuid"),
  }),
  async handler({ body, tools }) {
    const uuid = body.alert.toLowerCase();
    const report = await tools.undo(uuid);
    if (report === undefined) {
      const message = `cannot undo alert ${uuid}: the daemon does not remember it; it forgets when it is restarted. See docker ps, docker unpause, docker network connect`;
      return refuse(404, "unknown-alert", { message });
    }
    const failures = report.actions.filter(({ status }) => status === "failed");
    if (failures.length > 0) {
      const why = failures.map(({ action, detail = "" }) => `${action}: ${detail}`).join("; ");
      return refuse(422, "undo-failed", {
        message: `cannot undo all of alert ${uuid}: ${why}; what was undone stays so, try again for the rest`,
        details: report,
      });
    }
    return json(report);
  },
});
