// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A web server on loopback that counts who asks. */
export interface WebServer {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** Requests so far. */
  readonly requests: number;
  readonly stop: () => void;
}

const dripMs = 200;
/** The slow page ends by itself after this many lines: a minute. */
const dripsMax = 300;

/** Serves a short page at `/`, and at `/slow` one that takes a minute. */
export async function startWebServer(): Promise<WebServer> {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    if (request.url !== "/slow") {
      response.end("Hello from the web server.\n");
      return;
    }
    let drips = 0;
    const timer = setInterval(() => {
      drips += 1;
      if (drips < dripsMax) response.write("drip\n");
      else response.end("done\n");
    }, dripMs);
    response.on("close", () => {
      clearInterval(timer);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // A server that listens on a port has an address of this kind (node:net, server.address()).
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    get requests() {
      return requests;
    },
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
