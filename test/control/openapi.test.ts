// SPDX-License-Identifier: Apache-2.0
// docs/openapi.yaml against the table of routes, and real answers against its schemas.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { parse } from "yaml";
import { routes } from "../../daemon/control/routes.ts";
import { createControlServer } from "../../daemon/control/server.ts";
import { toJsonSchema, z } from "../../daemon/text/schema.ts";
import { createRecentOutput } from "../../daemon/outputs/recent-output.ts";
import { sampleAlert } from "../outputs/fixtures/alert.ts";
import type { Status } from "../../daemon/model/status.ts";
import type { LearnReport } from "../../daemon/model/learning.ts";
import type { UndoReport } from "../../daemon/model/undo.ts";
import { sampleControl, sampleReload, sampleTools } from "./fixtures/control.ts";
import { sampleStatus } from "./fixtures/status.ts";

type Schema = Readonly<Record<string, unknown>>;

interface Operation {
  readonly summary: string;
  readonly "x-access": string;
  readonly parameters?: readonly { name: string; in: string; schema: Schema }[];
  readonly requestBody?: { content: Record<string, { schema: Schema }> };
  readonly responses: Readonly<Record<string, { content: Record<string, { schema: Schema }> }>>;
}

const described = parse(
  readFileSync(new URL("../../docs/openapi.yaml", import.meta.url), "utf8"),
) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
};

/** References written out, which are never cyclic here. */
function whole(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(whole);
  if (typeof schema !== "object" || schema === null) return schema;
  if ("$ref" in schema) {
    return whole(described.components.schemas[String(schema.$ref).split("/").at(-1) ?? ""]);
  }
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, whole(value)]));
}

/** With nothing allowed in answers that is not described: what answers gain has to be described as well. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const inner = Object.entries(schema).map(([key, value]) => [key, closed(value)] as const);
  const isOpen = !("properties" in schema) || "additionalProperties" in schema;
  return { ...Object.fromEntries(inner), ...(isOpen ? {} : { additionalProperties: false }) };
}

const operations = Object.entries(described.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

t.test("the same paths, methods, roles and summaries", (t) => {
  t.strictSame(
    operations
      .map(({ path, method, operation }) =>
        [method.toUpperCase(), path, operation["x-access"], operation.summary].join(" "),
      )
      .sort(),
    routes
      .map(({ path, method, access, summary }) => [method, path, access, summary].join(" "))
      .sort(),
  );
  t.end();
});

for (const { path, method, operation } of operations) {
  t.test(`${method} ${path}: the same parameters and body`, (t) => {
    const route = routes.find((row) => row.path === path && row.method === method.toUpperCase());
    if (route === undefined) throw new Error("the test before has said it");
    const { properties = {} } = toJsonSchema(route.query);
    const told = (operation.parameters ?? []).map(({ name, schema }) => [name, schema] as const);
    const real = Object.entries(properties).map(([name, schema]) => {
      const { description: _description, ...rest } = schema as Schema;
      return [name, rest] as const;
    });
    t.strictSame(Object.fromEntries(told), Object.fromEntries(real));
    const body = toJsonSchema(route.body);
    const toldBody = operation.requestBody?.content["application/json"]?.schema ?? {};
    t.strictSame(Object.keys(toldBody["properties"] ?? {}), Object.keys(body.properties ?? {}));
    t.strictSame(toldBody["required"] ?? [], body.required ?? []);
    t.end();
  });
}

function get(socketPath: string, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path, agent: false }, (response) => {
      response.toArray().then((chunks) => {
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks as Buffer[]).toString(),
        });
      }, reject);
    })
      .on("error", reject)
      .end();
  });
}

t.test("real answers fit the schemas", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "execwarden-"));
  const socketPath = join(directory, "ew.sock");
  const events = createRecentOutput(10);
  events.write(sampleAlert());
  const server = createControlServer(sampleControl(socketPath, { tools: sampleTools({ events }) }));
  await server.start();
  t.teardown(async () => {
    await server.stop();
    rmSync(directory, { recursive: true });
  });
  const check = (schema: unknown, body: string, what: string): void => {
    const parsed = z.fromJSONSchema(whole(schema) as never).safeParse(JSON.parse(body));
    t.ok(parsed.success, `${what}: ${parsed.success ? "fits" : z.prettifyError(parsed.error)}`);
  };
  for (const { path, operation } of operations.filter(({ method }) => method === "get")) {
    const { status, body } = await get(socketPath, path);
    t.equal(status, 200, path);
    const [content] = Object.values(operation.responses["200"]?.content ?? {});
    check(content?.schema, body, path);
  }
  check(described.components.schemas["Refusal"], (await get(socketPath, "/v2")).body, "a refusal");
  const wrong = z.fromJSONSchema(whole(described.components.schemas["Status"]) as never);
  t.notOk(wrong.safeParse({ version: "1" }).success, "and a wrong one would not");
});

const everything: Status = {
  ...sampleStatus(),
  lastReload: sampleReload({
    ...{ result: "refused", reason: "r" },
    faults: [
      { severity: "error", code: "c", message: "m", file: "/f", line: 1, column: 1 },
      { severity: "warning", code: "c", message: "m" },
    ],
  }),
  enforcement: { isPaused: true, by: "alice", untilMs: 1, reason: "r" },
  witness: {
    ...{ mode: "full", role: "listener", ownerPid: 1, problem: "p", rules: 1, rulesFailed: 0 },
    ...{ records: 1, foreign: 0, lost: 0, overruns: 0, kernelLost: 0 },
    second: { argvCheck: {}, join: {}, assembler: {}, hostExecs: 0, unread: 0 },
  },
  engine: {
    ...sampleStatus().engine,
    ...{ engine: sampleAlert().engine!, blind: { fromMs: 1, toMs: 2 } },
  },
  outputs: { ops: { written: 1, dropped: 0, failed: 0, queued: 2, spooled: 1, retries: 3 } },
};
const undone: UndoReport = {
  ...{ alert: "a", rule: "r", container: { id: "i", name: "n" } },
  actions: [
    { action: "pause", status: "undone" },
    { action: "kill-process", status: "not-possible", detail: "d" },
  ],
};
const learned: LearnReport = {
  ...{ session: 1, image: "nginx", sinceMs: 1, untilMs: 2, containers: 1, execs: 2, programs: 1 },
  ...{ notKept: 0, images: ["sha256:a"] },
  learned: [
    {
      ...{ entry: "/a", path: "/a", sha256: "b", isUnchanged: true },
      ...{ count: 1, firstMs: 1, lastMs: 1, whyNot: "loader" },
    },
  ],
};
const descriptions = [
  { name: "LearnReport", answer: learned },
  { name: "Status", answer: everything },
  { name: "ReloadReport", answer: everything.lastReload },
  { name: "Enforcement", answer: everything.enforcement },
  { name: "UndoReport", answer: undone },
];
for (const { name, answer } of descriptions) {
  t.test(`${name} is described whole`, (t) => {
    const schema = whole(described.components.schemas[name]);
    const parsed = z.fromJSONSchema(closed(schema) as never).safeParse(answer);
    t.ok(parsed.success, parsed.success ? "fits" : z.prettifyError(parsed.error));
    t.end();
  });
}
