// SPDX-License-Identifier: Apache-2.0
import { type IncomingMessage, request } from "node:http";
import { err, ok, type Result } from "../util/result.ts";

/** Asks the daemon over its unix socket. */
export interface ControlClient {
  /** The whole answer of a GET as text. The error's message says what to do. */
  get(path: string): Promise<Result<string>>;
  /** Hands on the answer of a GET as it comes, until it ends or `signal` is aborted (both are fine). */
  stream(path: string, sink: StreamSink): Promise<Result<void>>;
}

/** Where a stream goes. */
export interface StreamSink {
  /** The daemon is not asked for more until this resolves. */
  readonly write: (text: string) => Promise<void>;
  readonly signal: AbortSignal;
}

const answerTimeoutMs = 10_000;
const answerLengthMax = 64 * 1024 * 1024;

/** Builds a client for the daemon that listens at `socketPath`. */
export function createControlClient(socketPath: string): ControlClient {
  return {
    async get(path) {
      const response = await open(socketPath, path, AbortSignal.timeout(answerTimeoutMs));
      if (!response.ok) return response;
      try {
        const text = await readAll(response.value);
        return response.value.statusCode === 200 ? ok(text) : err(refusal(text));
      } catch (error) {
        return err(unreachable(socketPath, error));
      }
    },
    async stream(path, { write, signal }) {
      const response = await open(socketPath, path, signal);
      if (!response.ok) return signal.aborted ? ok(undefined) : response;
      const { value: message } = response;
      try {
        if (message.statusCode !== 200) return err(refusal(await readAll(message)));
        message.setEncoding("utf8");
        for await (const chunk of message) await write(String(chunk));
        return ok(undefined);
      } catch (error) {
        return signal.aborted ? ok(undefined) : err(unreachable(socketPath, error));
      }
    },
  };
}

function open(
  socketPath: string,
  path: string,
  signal: AbortSignal,
): Promise<Result<IncomingMessage>> {
  return new Promise((resolve) => {
    const call = request({ socketPath, path, signal, agent: false });
    call.on("response", (response) => {
      resolve(ok(response));
    });
    call.on("error", (error) => {
      resolve(err(unreachable(socketPath, error)));
    });
    call.end();
  });
}

async function readAll(message: IncomingMessage): Promise<string> {
  message.setEncoding("utf8");
  let text = "";
  for await (const chunk of message) {
    text += String(chunk);
    if (text.length > answerLengthMax) throw new Error("the answer is too long");
  }
  return text;
}

function unreachable(socketPath: string, cause: unknown): Error {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "EACCES" || code === "EPERM") {
    const message = `cannot open "${socketPath}": permission denied; use sudo, or join the group that owns it: sudo usermod -aG execwarden "$USER" (then log in again)`;
    return new Error(message, { cause });
  }
  const why = code === "ENOENT" || code === "ECONNREFUSED" ? "" : ` (${messageOf(cause)})`;
  const message = `cannot reach the daemon at "${socketPath}"${why}: is it running? try: systemctl status execwarden`;
  return new Error(message, { cause });
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** The daemon's own words, from `{"error":{"message":…}}`. */
function refusal(body: string): Error {
  return new Error(errorMessage(body) ?? "cannot do that: the daemon refused without saying why");
}

function errorMessage(body: string): string | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof answer !== "object" || answer === null || !("error" in answer)) return undefined;
  const { error } = answer;
  if (typeof error !== "object" || error === null || !("message" in error)) return undefined;
  return typeof error.message === "string" ? error.message : undefined;
}
