// SPDX-License-Identifier: Apache-2.0
import { containersRoute } from "./handlers/containers.ts";
import { pauseRoute, resumeRoute } from "./handlers/enforcement.ts";
import { eventsRoute } from "./handlers/events.ts";
import { learnedRoute, learningRoute, learnRoute } from "./handlers/learn.ts";
import { sourcesRoute } from "./handlers/sources.ts";
import { reloadRoute } from "./handlers/reload.ts";
import { statusRoute } from "./handlers/status.ts";
import { undoRoute } from "./handlers/undo.ts";
import { versionRoute } from "./handlers/version.ts";
import type { Route } from "./route.ts";

/**
 * The whole API. A row is one file in handlers/: `route({ method, path, summary, access, query, body, handler })`,
 * where the handler returns `json(…)`, `text(…)`, `refuse(…)` or a stream. `access: "write"` rows are logged with
 * who called. docs/openapi.yaml describes each row.
 */
export const routes: readonly Route[] = [
  statusRoute,
  versionRoute,
  eventsRoute,
  containersRoute,
  sourcesRoute,
  reloadRoute,
  pauseRoute,
  resumeRoute,
  undoRoute,
  learnRoute,
  learningRoute,
  learnedRoute,
];
