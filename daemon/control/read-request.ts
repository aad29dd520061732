// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from "node:http";
import { didYouMean } from "../text/nearest.ts";
import { toJsonSchema, type z } from "../text/schema.ts";
import { printableHead } from "../util/printable-text.ts";
import { err, ok, type Result } from "../util/result.ts";
import { refuse, type Refusal } from "./reply.ts";
import type { Route } from "./route.ts";

/** A request's parameters, or everything that is wrong with them. */
export function readQuery(route: Route, search: string): Result<unknown, Refusal> {
  const values: Record<string, string> = Object.create(null) as Record<string, string>;
  const problems: string[] = [];
  for (const [name, value] of new URLSearchParams(search)) {
    if (name in values) problems.push(`cannot read parameter "${shown(name)}" twice`);
    values[name] = value;
  }
  const parsed = route.query.safeParse({ ...values });
  if (parsed.success && problems.length === 0) return ok(parsed.data);
  if (!parsed.success) problems.push(...explain(parsed.error, { input: values, of: route.query }));
  return err(refuse(400, "bad-query", { message: problems.join("; ") }));
}

/** A request's JSON body, or everything that is wrong with it. */
export async function readBody(
  route: Route,
  request: IncomingMessage,
  bytesMax: number,
): Promise<Result<unknown, Refusal>> {
  const bytes = await takeBytes(request, bytesMax);
  if (bytes === undefined) {
    return err(
      refuse(413, "body-too-large", {
        message: `cannot take a body of more than ${bytesMax} bytes`,
      }),
    );
  }
  if (bytes.length === 0) return checkBody(route, {});
  const type = request.headers["content-type"] ?? "";
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    const message = `cannot read a body of type "${shown(type)}": send application/json`;
    return err(refuse(415, "not-json", { message }));
  }
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return checkBody(route, value);
  } catch (error) {
    const why = error instanceof Error ? shown(error.message) : "";
    return err(refuse(400, "bad-body", { message: `cannot read the body as JSON: ${why}` }));
  }
}

/** Undefined when there is more than may be. Rejects when the caller goes away. */
async function takeBytes(request: IncomingMessage, bytesMax: number): Promise<Buffer | undefined> {
  if (Number(request.headers["content-length"] ?? "0") > bytesMax) return undefined;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const bytes = chunk as Buffer;
    length += bytes.length;
    if (length > bytesMax) return undefined;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

function checkBody(route: Route, value: unknown): Result<unknown, Refusal> {
  const parsed = route.body.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  const problems = explain(parsed.error, { input: value, of: route.body });
  return err(refuse(400, "bad-body", { message: problems.join("; ") }));
}

const problemsMax = 20;

function explain(
  error: z.ZodError,
  { input, of }: { readonly input: unknown; readonly of: z.ZodType },
): readonly string[] {
  const known = Object.keys(toJsonSchema(of).properties ?? {});
  return error.issues.slice(0, problemsMax).flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => `cannot read "${shown(key)}"${hint(key, known)}`);
    }
    const name = issue.path.map(String).join(".");
    const value = valueAt(input, issue.path);
    const given =
      typeof value === "string" || typeof value === "number" ? ` "${shown(String(value))}"` : "";
    return [`cannot read ${name === "" ? "it" : name}${given}: ${issue.message}`];
  });
}

function hint(key: string, known: readonly string[]): string {
  const there =
    known.length === 0
      ? ": there is nothing to say here"
      : `: it must be one of ${known.join(", ")}`;
  return didYouMean(key, known) || there;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, key)
        ? Reflect.get(value, key)
        : undefined,
    input,
  );
}

function shown(text: string): string {
  return printableHead(text, 100);
}
