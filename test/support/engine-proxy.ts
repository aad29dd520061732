// SPDX-License-Identifier: Apache-2.0
import { rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";

/** A socket in front of an engine's, which can be taken away while the engine goes on. */
export class EngineProxy {
  /** As DOCKER_HOST takes it. */
  readonly host: string;
  readonly #path: string;
  readonly #enginePath: string;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  constructor(path: string, enginePath: string) {
    this.#path = path;
    this.#enginePath = enginePath;
    this.host = `unix://${path}`;
  }

  /** Takes connections from now on. */
  async open(): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (client) => {
      const engine = connect({ path: this.#enginePath, allowHalfOpen: true });
      for (const [socket, other] of [
        [client, engine],
        [engine, client],
      ] as const) {
        this.#sockets.add(socket);
        socket.pipe(other);
        socket.on("error", () => other.destroy());
        socket.on("close", () => {
          other.destroy();
          this.#sockets.delete(socket);
        });
      }
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#path, resolve));
  }

  /** Ends every connection, and removes the socket. */
  close(): void {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
    rmSync(this.#path, { force: true });
  }
}
