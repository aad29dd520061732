// SPDX-License-Identifier: Apache-2.0
import { z } from "../text/schema.ts";
import type { Access } from "./access.ts";
import type { ControlCall } from "./call.ts";
import type { Reply } from "./reply.ts";

/** One row of the API. docs/openapi.yaml describes the same rows, and a test compares the two. */
export interface Route<Query = unknown, Body = unknown> {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  /** Parameters behind the `?`: a strict object over texts. */
  readonly query: z.ZodType<Query>;
  /** The JSON body of a POST; none is read as `{}`. */
  readonly body: z.ZodType<Body>;
  /** Answers; a rejection is logged and answered with 500. Every wait inside has a deadline of its own. */
  handler(call: ControlCall<Query, Body>): Reply | Promise<Reply>;
}

/** A row, with the types that its handler sees taken from its schemas. */
export function route<Query, Body>(row: Route<Query, Body>): Route {
  return row;
}

/** For routes without parameters, or without a body. */
export const nothing = z.strictObject({});

/** A parameter that is on or off: `1`, `true`, `0`, `false`. */
export const flag = z
  .enum(["0", "1", "false", "true"], { error: "expected 1 or 0" })
  .default("0")
  .transform((value) => value === "1" || value === "true");

/** A count as a parameter. */
export function count(max: number): z.ZodType<number, string> {
  const expected = `expected a number, 0 to ${max}`;
  return z
    .string()
    .regex(/^[0-9]{1,9}$/, { error: expected })
    .transform(Number)
    .refine((value) => value <= max, { error: expected });
}
