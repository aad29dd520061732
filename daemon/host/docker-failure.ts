// SPDX-License-Identifier: Apache-2.0
import type { RuntimeFailure } from "../model/ports.ts";
import { memberOf, textMember } from "../util/unknown-value.ts";

/** Codes of Node's sockets that say that no engine answers at the address (errno(3)). */
const unreachableCodes: ReadonlySet<string> = new Set([
  "EACCES",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOENT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENOTSOCK",
  "EPERM",
  "EPIPE",
  "ETIMEDOUT",
]);

/**
 * Sorts what a call to the engine threw. `what` is said as in `cannot <what>: …`. An answer of 404 is `gone`;
 * any other answer is `refused`; no answer is `unreachable`.
 */
export function toRuntimeFailure(what: string, cause: unknown): RuntimeFailure {
  const status = httpStatusOf(cause);
  const detail = engineMessageOf(cause);
  if (status === 404) return { kind: "gone", message: `cannot ${what}: ${detail}` };
  if (status !== undefined) return { kind: "refused", message: `cannot ${what}: ${detail}` };
  const code = textMember(cause, "code");
  const kind = code !== undefined && unreachableCodes.has(code) ? "unreachable" : "refused";
  return { kind, message: `cannot ${what}: ${detail}${adviceFor(code)}` };
}

/** The status of the engine's answer; undefined when it did not answer. */
function httpStatusOf(cause: unknown): number | undefined {
  const status = memberOf(cause, "statusCode");
  return typeof status === "number" ? status : undefined;
}

/** What the engine said (`{"message": …}`), or else what the socket said. */
function engineMessageOf(cause: unknown): string {
  const said = textMember(memberOf(cause, "json"), "message");
  if (said !== undefined) return said;
  return cause instanceof Error ? cause.message.trim() : "no reason given";
}

function adviceFor(code: string | undefined): string {
  if (code === "EACCES" || code === "EPERM")
    return "; run as root or as a member of the socket's group";
  if (code === "ENOENT" || code === "ECONNREFUSED") return "; is the Docker engine running there?";
  return "";
}
