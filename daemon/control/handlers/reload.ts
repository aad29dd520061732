// SPDX-License-Identifier: Apache-2.0
import type { ReloadReport } from "../../model/generation.ts";
import type { Caller } from "../access.ts";
import { json, refuse } from "../reply.ts";
import { nothing, route } from "../route.ts";

/**
 * POST /v1/reload: reads all files again and puts them in force; answers with the `ReloadReport`. A reload that is
 * refused is 422, with the report as the error's details.
 */
export const reloadRoute = route({
  method: "POST",
  path: "/v1/reload",
  summary:
    "Read all files again and put them in force as a new generation, or keep the one there is",
  access: "write",
  query: nothing,
  body: nothing,
  async handler({ caller, tools }) {
    const report = await tools.reload(callerText(caller));
    if (report.result === "done") return json(report);
    const message = `cannot reload: ${whyRefused(report)}; generation ${report.generation} stays in force`;
    return refuse(422, "reload-refused", { message, details: report });
  },
});

/** Who asked, for alerts and the log: `alice (pid 4242)`. */
export function callerText({ user, uid, pid, loginUser }: Caller): string {
  const name = user ?? `uid ${uid}`;
  const as = loginUser === undefined || loginUser === name ? name : `${loginUser} as ${name}`;
  return `${as} (pid ${pid})`;
}

function whyRefused({ reason, faults }: ReloadReport): string {
  if (reason !== undefined) return reason;
  const count = faults.filter(({ severity }) => severity === "error").length;
  return `${count} ${count === 1 ? "error" : "errors"} in files`;
}
