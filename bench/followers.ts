// Readers of the control socket, quick ones and ones that read nothing.
// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";

const newline = 10;

/** Followers of all events of a daemon. */
export class Followers {
  readonly #answers: IncomingMessage[] = [];
  readonly #counts: number[] = [];

  /** Starts them: so many that read as fast as they can, and so many that read nothing. */
  async start(socketPath: string, { quick, slow }: { quick: number; slow: number }): Promise<void> {
    for (let index = 0; index < quick; index++) {
      const answer = await follow(socketPath);
      this.#counts.push(0);
      answer.on("data", (chunk: Buffer) => {
        const lines = chunk.reduce((sum, byte) => sum + Number(byte === newline), 0);
        this.#counts[index] = (this.#counts[index] ?? 0) + lines;
      });
      this.#answers.push(answer);
    }
    for (let index = 0; index < slow; index++) this.#answers.push(await follow(socketPath));
  }

  /** Events that each of the quick ones has so far. */
  get counts(): readonly number[] {
    return this.#counts;
  }

  /** Ends all of them. */
  stop(): void {
    for (const answer of this.#answers) answer.destroy();
  }
}

async function follow(socketPath: string): Promise<IncomingMessage> {
  const asked = request({ socketPath, path: "/v1/events?follow=1", agent: false });
  asked.on("error", () => undefined);
  asked.end();
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  answer.on("error", () => undefined);
  if (answer.statusCode === 200) return answer;
  throw new Error(`cannot follow events: the daemon answered ${String(answer.statusCode)}`);
}
