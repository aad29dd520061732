// SPDX-License-Identifier: Apache-2.0
import { Agent, request } from "node:http";
import type { AuthorizationHandler } from "./server.ts";
import type { AuthorizationAnswer, AuthorizationRequest } from "./protocol.ts";

/** Where questions go, and what holds when nobody answers there. */
export interface ForwardOptions {
  /** The daemon's socket, `plugin.socket`. */
  readonly socketPath: string;
  /** More than the daemon's own deadline. */
  readonly deadlineMs: number;
  readonly onFailure: "allow" | "deny";
  readonly warn: (message: string) => void;
}

const answerBytesMax = 1 << 20;
/** One line in the log for so many milliseconds of silence. */
const warnEveryMs = 10_000;
const questionPath = "/AuthZPlugin.AuthZReq";
const answerPath = "/AuthZPlugin.AuthZRes";
/** Nobody waits long for the daemon to hear that a request is done, nor at all while it does not answer. */
const answeredDeadlineMs = 1_000;
const quietAfterFailureMs = 2_000;
const reading: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Hands questions on to the daemon. While it is away, restarting or silent, the answer is the configured one, so that
 * nobody is locked out of the engine by it; reading is always let through.
 */
export function createForwarder(options: ForwardOptions): AuthorizationHandler {
  const { socketPath, onFailure, warn } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  let warnedMs = -warnEveryMs;
  let failedMs = -quietAfterFailureMs;

  function noteFailure(): void {
    failedMs = performance.now();
  }

  function fail(question: AuthorizationRequest | undefined, reason: string): AuthorizationAnswer {
    noteFailure();
    const isReading = question !== undefined && reading.has(question.method);
    const isAllowed = isReading || onFailure === "allow";
    if (performance.now() - warnedMs >= warnEveryMs) {
      warnedMs = performance.now();
      warn(`the daemon does not answer at ${socketPath} (${reason}); the answer is ${onFailure}`);
    }
    if (isAllowed) return { isAllowed };
    const message =
      "execwarden does not answer, and is set to refuse requests then. Start it: systemctl start execwarden. To do without it: execwarden plugin disable";
    return { isAllowed, message };
  }

  return {
    activated: () => undefined,
    // Tells the daemon that a connection is free again; what was done cannot be refused any more.
    async answered(request) {
      if (request === undefined || performance.now() - failedMs < quietAfterFailureMs) return;
      const call = { path: answerPath, body: request.text };
      await post(agent, { ...options, deadlineMs: answeredDeadlineMs }, call).catch(noteFailure);
    },
    async ask(question) {
      if (question === undefined) return fail(question, "the engine's question could not be read");
      try {
        const text = await post(agent, options, { path: questionPath, body: question.text });
        return answerOf(text) ?? fail(question, "its answer could not be read");
      } catch (error) {
        return fail(question, error instanceof Error ? error.message : String(error));
      }
    },
  };
}

function answerOf(text: string): AuthorizationAnswer | undefined {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || !("Allow" in value)) return undefined;
  const message = "Msg" in value && typeof value.Msg === "string" ? value.Msg : "";
  return { isAllowed: value.Allow === true, message };
}

function post(
  agent: Agent,
  { socketPath, deadlineMs }: ForwardOptions,
  { path, body }: { readonly path: string; readonly body: Buffer },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(deadlineMs);
    const headers = { "content-type": "application/json", "content-length": body.length };
    request({ agent, socketPath, path, method: "POST", headers, signal }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > answerBytesMax) response.destroy(new Error("its answer is too long"));
        else chunks.push(chunk);
      });
      response.on("error", reject);
      response.on("end", () => {
        resolve(Buffer.concat(chunks).toString());
      });
    })
      .on("error", reject)
      .end(body);
  });
}
