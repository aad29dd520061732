// SPDX-License-Identifier: Apache-2.0
import { stat } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { jsonText } from "../util/json-text.ts";
import { err, ok, type Result } from "../util/result.ts";

/** Why the daemon did not answer as asked; the message says what to do. */
export interface DaemonFailure {
  /** `refused`: it, or the socket's permissions, said no. */
  readonly kind: "unreachable" | "refused";
  readonly message: string;
  /** The API's stable code of a refusal. */
  readonly code?: string;
  /** What the API says beside a refusal, for programs. */
  readonly details?: unknown;
}

/** Asks the daemon over its unix socket. */
export interface ControlClient {
  /** The whole answer of a GET as text. */
  get(path: string): Promise<Result<string, DaemonFailure>>;
  /** The whole answer of a POST with a JSON body. */
  post(path: string, body: object): Promise<Result<string, DaemonFailure>>;
  /** Hands on the answer of a GET as it comes, until it ends or `signal` is aborted (both are fine). */
  stream(path: string, sink: StreamSink): Promise<Result<void, DaemonFailure>>;
}

/** Where a stream goes. */
export interface StreamSink {
  /** The daemon is not asked for more until this resolves. */
  readonly write: (text: string) => Promise<void>;
  readonly signal: AbortSignal;
}

/** More than the daemon takes for the slowest of its answers. */
const answerTimeoutMs = 70_000;
const answerLengthMax = 64 * 1024 * 1024;

interface Call {
  readonly socketPath: string;
  readonly path: string;
  readonly signal: AbortSignal;
  /** A POST when there is one. */
  readonly body?: string;
}

/** Finds the name of a group; undefined when it has none here. */
export type NameOfGroup = (id: number) => Promise<string | undefined>;

/** Builds a client for the daemon that listens at `socketPath`. */
export function createControlClient(
  socketPath: string,
  nameOfGroup: NameOfGroup = () => Promise.resolve(undefined),
): ControlClient {
  const fail = (cause: unknown): Promise<DaemonFailure> =>
    unreachable(socketPath, cause, nameOfGroup);

  async function ask(path: string, body?: string): Promise<Result<string, DaemonFailure>> {
    const signal = AbortSignal.timeout(answerTimeoutMs);
    const call = { socketPath, path, signal, ...(body === undefined ? {} : { body }) };
    try {
      const response = await open(call);
      const text = await readAll(response);
      return response.statusCode === 200 ? ok(text) : err(refusal(text));
    } catch (error) {
      return err(await fail(error));
    }
  }
  return {
    get: (path) => ask(path),
    post: (path, body) => ask(path, jsonText(body)),
    async stream(path, { write, signal }) {
      try {
        const message = await open({ socketPath, path, signal });
        if (message.statusCode !== 200) return err(refusal(await readAll(message)));
        message.setEncoding("utf8");
        for await (const chunk of message) await write(String(chunk));
        return ok(undefined);
      } catch (error) {
        return signal.aborted ? ok(undefined) : err(await fail(error));
      }
    },
  };
}

function open({ socketPath, path, signal, body }: Call): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options =
      body === undefined
        ? {}
        : {
            method: "POST",
            headers: {
              "content-type": "application/json",
              "content-length": Buffer.byteLength(body),
            },
          };
    const call = request({ socketPath, path, signal, agent: false, ...options });
    call.on("response", resolve);
    call.on("error", reject);
    call.end(body);
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

async function unreachable(
  socketPath: string,
  cause: unknown,
  nameOfGroup: NameOfGroup,
): Promise<DaemonFailure> {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "EACCES" || code === "EPERM") {
    const message = `cannot open "${socketPath}": permission denied; ${await howToOpen(socketPath, nameOfGroup)}`;
    return { kind: "refused", message };
  }
  const why = code === "ENOENT" || code === "ECONNREFUSED" ? "" : ` (${messageOf(cause)})`;
  return {
    kind: "unreachable",
    message: `cannot reach the daemon at "${socketPath}"${why}: is it running? try: systemctl status execwarden`,
  };
}

async function howToOpen(socketPath: string, nameOfGroup: NameOfGroup): Promise<string> {
  const id = await groupIdOf(socketPath);
  if (id === 0) return "it is for root alone: use sudo";
  if (id === undefined) return "use sudo";
  const name = await nameOfGroup(id).catch(() => undefined);
  // A group that only a directory service knows has no name in /etc/group.
  if (name === undefined) return `use sudo, or join the group with id ${id} that it is for`;
  return `use sudo, or join the group "${name}" that it is for: sudo usermod -aG ${name} "$USER" (then log in again)`;
}

async function groupIdOf(socketPath: string): Promise<number | undefined> {
  try {
    return (await stat(socketPath)).gid;
  } catch {
    return undefined;
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** The daemon's own words, from `{"error":{"code":…,"message":…}}`. */
function refusal(body: string): DaemonFailure {
  const error = errorOf(body);
  const message =
    textOf(error, "message") ?? "cannot do that: the daemon refused without saying why";
  const code = textOf(error, "code");
  const details = memberOf(error, "details");
  return {
    ...{ kind: "refused", message },
    ...(code === undefined ? {} : { code }),
    ...(details === undefined ? {} : { details }),
  };
}

function errorOf(body: string): unknown {
  try {
    const answer: unknown = JSON.parse(body);
    return typeof answer === "object" && answer !== null ? Reflect.get(answer, "error") : undefined;
  } catch {
    return undefined;
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function textOf(value: unknown, name: string): string | undefined {
  const member = memberOf(value, name);
  return typeof member === "string" ? member : undefined;
}
