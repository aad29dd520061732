// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Clock, Log } from "../model/ports.ts";
import { jsonText } from "../util/json-text.ts";
import { printableHead } from "../util/printable-text.ts";
import { type AccessGroups, type Caller, refuseAccess } from "./access.ts";
import type { ControlState, ControlTools } from "./call.ts";
import { readBody, readQuery } from "./read-request.ts";
import { type Refusal, refuse, type Reply, sendReply } from "./reply.ts";
import type { Route } from "./route.ts";
import { routes } from "./routes.ts";

/** What serving one request takes. */
export interface ServeContext {
  readonly tools: ControlTools;
  readonly state: ControlState;
  readonly groups: AccessGroups;
  /** Who is at the other end; undefined when the kernel does not say, and then nothing is answered. */
  readonly identify: (socket: Socket) => Promise<Caller | undefined>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Serves one request from its head to its answer. Never rejects. */
export async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  context: ServeContext,
): Promise<void> {
  // A reader that goes away in the middle of an answer is no fault of ours.
  response.on("error", () => undefined);
  const startedMs = context.clock.monotonicMs();
  const work: Work = { request, context };
  const reply = await replyTo(work).catch((error: unknown): Reply => {
    if (response.destroyed) return gone;
    context.log.error("control request failed", { path: pathOf(request), error });
    return internal;
  });
  // What was not read of a body would be taken for the next request.
  if (!request.complete) response.setHeader("connection", "close");
  let status: number = internal.status;
  try {
    if (!response.destroyed) status = sendReply(response, reply);
  } catch (error) {
    context.log.error("control answer failed", { path: pathOf(request), error });
    response.destroy();
  }
  audit(work, { status, reply, tookMs: context.clock.monotonicMs() - startedMs });
}

/** One request and what became known of it, for the audit line. */
interface Work {
  readonly request: IncomingMessage;
  readonly context: ServeContext;
  caller?: Caller;
  route?: Route;
  body?: unknown;
}

const internal = refuse(500, "internal", {
  message: "cannot answer: the daemon failed; see its log: journalctl -u execwarden",
});
const gone = refuse(400, "gone", { message: "cannot answer: the caller went away" });

async function replyTo(work: Work): Promise<Reply> {
  const { request, context } = work;
  const caller = await context.identify(request.socket);
  if (caller === undefined) {
    const message = "cannot answer: the kernel does not say who asks";
    return refuse(403, "not-permitted", { message });
  }
  work.caller = caller;
  const refused = refuseAccess(caller, "read", context.groups);
  if (refused !== undefined) return refused;
  const found = findRoute(request);
  if ("status" in found) return found;
  work.route = found.route;
  const denied = refuseAccess(caller, found.route.access, context.groups);
  return denied ?? handle(work, caller, found);
}

async function handle(work: Work, caller: Caller, { route, search }: FoundRoute): Promise<Reply> {
  const { request, context } = work;
  const { tools, state } = context;
  const query = readQuery(route, search);
  if (!query.ok) return query.error;
  if (route.method === "GET" && hasBody(request)) {
    const message = "cannot take a body: a GET has none";
    return refuse(413, "body-too-large", { message });
  }
  const body = await readBody(route, request, state.limits.bodyBytesMax);
  if (!body.ok) return body.error;
  work.body = body.value;
  const call = { query: query.value, body: body.value, caller, tools, state };
  return withDeadline(Promise.resolve(route.handler(call)), state.limits.answerTimeoutMs);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return Number(headers["content-length"] ?? "0") > 0 || headers["transfer-encoding"] !== undefined;
}

async function withDeadline(answer: Promise<Reply>, timeoutMs: number): Promise<Reply> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Reply>((resolve) => {
    timer = setTimeout(() => {
      const message = `cannot answer within ${timeoutMs} ms; it may still be done: see the daemon's log`;
      resolve(refuse(504, "too-slow", { message }));
    }, timeoutMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

interface FoundRoute {
  readonly route: Route;
  readonly search: string;
}

function findRoute(request: IncomingMessage): FoundRoute | Refusal {
  const { method = "", url = "/" } = request;
  const path = pathOf(request);
  const atPath = routes.filter((route) => route.path === path);
  if (atPath.length === 0) {
    const paths = [...new Set(routes.map((route) => route.path))].join(", ");
    const message = `cannot find "${printableHead(path, 100)}": there are ${paths}`;
    return refuse(404, "no-such-path", { message });
  }
  const route = atPath.find((candidate) => candidate.method === method);
  if (route !== undefined) return { route, search: url.slice(path.length + 1) };
  const methods = atPath.map((candidate) => candidate.method).join(", ");
  const message = `cannot ${method} "${path}": it takes ${methods}`;
  return refuse(405, "no-such-method", { message });
}

function pathOf({ url = "/" }: IncomingMessage): string {
  const question = url.indexOf("?");
  return question < 0 ? url : url.slice(0, question);
}

/** Every call that changes something, and every one that was not permitted, leaves a line in the daemon's log. */
function audit(
  { request, context, caller, route, body }: Work,
  { status, reply, tookMs }: { status: number; reply: Reply; tookMs: number },
): void {
  if (route?.access !== "write" && status !== 403) return;
  const fields = {
    method: request.method,
    path: printableHead(pathOf(request), 100),
    body: body === undefined ? undefined : printableHead(jsonText(body), 300),
    status,
    ...(reply.kind === "refusal" ? { code: reply.code } : {}),
    uid: caller?.uid,
    gid: caller?.gid,
    pid: caller?.pid,
    user: caller?.user,
    login_user: caller?.loginUser,
    took_ms: Math.round(tookMs),
  };
  if (status === 403) context.log.warn("control call not permitted", fields);
  else context.log.info("control call", fields);
}
