// plugin: Docker's authorization plugin. Comes in: what the engine asks about each request at its API. Goes out: yes or
// no with a reason, and drafts of alerts. Must not know: how rules, policies and outputs work, or how alerts are told.
// SPDX-License-Identifier: Apache-2.0
import { memberOf, textMember } from "../daemon/util/unknown-value.ts";

/** What the engine asks (moby, pkg/authorization/api.go), decoded and bounded. */
export interface AuthorizationRequest {
  readonly user: string;
  readonly authMethod: string;
  readonly method: string;
  readonly uri: string;
  /** Absent when the engine gave none: it had none, or did not show it. */
  readonly body?: Buffer;
  /** Those that tell of the body, names in lower case; of one that was given twice the engine tells the last. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of AuthZRes: the status that the engine is about to answer with, and the body. */
  readonly responseStatus?: number;
  readonly responseBody?: Buffer;
}

/** What the engine is told. */
export interface AuthorizationAnswer {
  readonly isAllowed: boolean;
  /** What the person at the client reads. */
  readonly message?: string;
}

const textLengthMax = 65_536;
const bodyHeaders: ReadonlySet<string> = new Set(["content-type", "content-length"]);

/** Decodes the JSON of AuthZReq and AuthZRes; undefined when it is none. */
export function readAuthorizationRequest(body: Buffer): AuthorizationRequest | undefined {
  const value = parse(body);
  const method = fit(value, "RequestMethod");
  const uri = textMember(value, "RequestUri") ?? textMember(value, "RequestURI");
  if (method === undefined || uri === undefined || method === "") return undefined;
  const status = memberOf(value, "ResponseStatusCode");
  const requestBody = bytesOf(value, "RequestBody");
  const responseBody = bytesOf(value, "ResponseBody");
  return {
    user: fit(value, "User") ?? "",
    authMethod: fit(value, "UserAuthNMethod") ?? "",
    method,
    uri,
    headers: headersOf(memberOf(value, "RequestHeaders")),
    ...(requestBody === undefined ? {} : { body: requestBody }),
    ...(typeof status === "number" ? { responseStatus: status } : {}),
    ...(responseBody === undefined ? {} : { responseBody }),
  };
}

/** The answer as the engine reads it. */
export function writeAuthorizationAnswer({ isAllowed, message = "" }: AuthorizationAnswer): string {
  return JSON.stringify({ Allow: isAllowed, Msg: message, Err: "" });
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}

function fit(value: unknown, name: string): string | undefined {
  const text = textMember(value, name);
  return text === undefined ? undefined : text.slice(0, textLengthMax);
}

function bytesOf(value: unknown, name: string): Buffer | undefined {
  const text = textMember(value, name);
  return text === undefined || text === "" ? undefined : Buffer.from(text, "base64");
}

function headersOf(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== "object" || value === null) return {};
  const headers: Record<string, string> = {};
  for (const [name, text] of Object.entries(value)) {
    const folded = name.toLowerCase();
    if (typeof text === "string" && bodyHeaders.has(folded))
      headers[folded] = text.slice(0, textLengthMax);
  }
  return headers;
}
