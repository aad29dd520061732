// SPDX-License-Identifier: Apache-2.0
import type { EngineListener } from "./status.ts";

const reachTexts = {
  files: "whoever may open it",
  loopback: "everybody on this host, containers with its network too",
  network: "EVERYBODY who reaches this host",
} as const satisfies Record<EngineListener["reach"], string>;

const certificateTexts = {
  required: "with a client certificate",
  "not-asked-for": "WITHOUT a client certificate",
  "no-tls": "WITHOUT TLS or a client certificate",
} as const satisfies Record<EngineListener["certificates"], string>;

/** Who can come in there, for people: what is open to those who cannot show who they are is in capitals. */
export function listenerText({ address, reach, certificates }: EngineListener): string {
  const how = reach === "files" ? "" : `, ${certificateTexts[certificates]}`;
  return `${address}: ${reachTexts[reach]}${how}`;
}

/** Those that have to be told of: all on the network, and unix sockets beside the first. */
export function furtherListeners(listeners: readonly EngineListener[]): readonly EngineListener[] {
  const files = listeners.filter(({ reach }) => reach === "files");
  return listeners.filter((one) => one.reach !== "files" || files.length > 1);
}
