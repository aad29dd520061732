// SPDX-License-Identifier: Apache-2.0
import type { ControlCall } from "./call.ts";
import { showEvents } from "./handlers/events.ts";
import { showStatus } from "./handlers/status.ts";
import { showVersion } from "./handlers/version.ts";

/** One row of the API. */
export interface Route {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly summary: string;
  /** `read`: for all who may open the socket. `write`: for those who may change what the daemon does. */
  readonly access: "read" | "write";
  readonly handler: (call: ControlCall) => void;
}

/** The whole API. */
export const routes: readonly Route[] = [
  {
    method: "GET",
    path: "/v1/status",
    summary: "What the daemon guards, what it counted, and how it is",
    access: "read",
    handler: showStatus,
  },
  {
    method: "GET",
    path: "/v1/version",
    summary: "Version of the daemon and of this API",
    access: "read",
    handler: showVersion,
  },
  {
    method: "GET",
    path: "/v1/events",
    summary:
      "The last alerts (last=N), and with follow=1 those that come; format=json|text, color=1",
    access: "read",
    handler: showEvents,
  },
];
