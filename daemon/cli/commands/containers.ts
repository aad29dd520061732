// SPDX-License-Identifier: Apache-2.0
import type { Container } from "../../model/container.ts";
import type { Host } from "../../model/event.ts";
import { allowlistsOf } from "../../policy/allowlist.ts";
import { policiesAt } from "../../policy/standing.ts";
import { jsonText } from "../../util/json-text.ts";
import { printableHead } from "../../util/printable-text.ts";
import { containersSchema } from "../answers.ts";
import { clientOf, showFailure } from "../ask.ts";
import { type Command, isOptionSet, jsonOption, socketOption } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { type Judgement, judgementOfDaemon } from "../judgement.ts";

/** `execwarden containers`: what runs, and how each container is guarded. */
export const containers: Command = {
  path: ["containers"],
  summary: "show the containers that run, and how each is guarded",
  help: `
MODE is enforce where execs are held for the decision, observe where no policy in force could refuse one,
and "not settled" before a container's first exec was seen. PLACES counts the file systems that are marked
for it. POLICIES are those whose scope holds there; one in brackets is kept from acting by its never list.

Examples:
  execwarden containers
  execwarden containers --json | jq '.[] | select(.mode != "enforce") | .name'`,
  options: [jsonOption, socketOption],
  async run(input, context) {
    const answer = await clientOf(input, context).get("/v1/containers");
    if (!answer.ok) return showFailure(answer.error, context);
    const judgement = await judgementOfDaemon(input, context);
    if (!judgement.ok) return showFailure(judgement.error, context);
    const listed = containersSchema.parse(JSON.parse(answer.value)).containers;
    const rows = listed.map((container) => rowOf(container, judgement.value));
    const text = isOptionSet(input, "json") ? `${jsonText(rows)}\n` : tableOf(rows);
    await context.terminal.writeOut(text);
    return exitCodes.ok;
  },
};

type Listed = Container & {
  readonly mode?: "observe" | "enforce" | undefined;
  readonly settled: boolean;
  readonly devices: readonly string[];
};

interface Row {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly digest: string | undefined;
  readonly state: string;
  readonly mode: string | undefined;
  readonly settled: boolean;
  readonly devices: readonly string[];
  readonly allowlists: readonly string[];
  readonly policies: readonly { readonly name: string; readonly spared?: string }[];
}

/** Scopes over host fields are judged with none: what the API tells of containers does not name the host. */
const noHost: Host = { hostname: "", machineId: "", kernel: "", bootId: "" };

function rowOf(container: Listed, { allowlists, policies }: Judgement): Row {
  const { id, name, image, state, mode, settled, devices } = container;
  const lists = allowlistsOf(container, allowlists);
  return {
    ...{ id, name, image: image.reference, digest: image.digest, state, mode, settled, devices },
    allowlists: [...lists],
    policies: policiesAt({ host: noHost, container, allowlists: lists }, policies),
  };
}

const headings = ["CONTAINER", "NAME", "IMAGE", "MODE", "PLACES", "ALLOWLISTS", "POLICIES"];

function tableOf(rows: readonly Row[]): string {
  if (rows.length === 0) return "no containers run\n";
  const cells = rows.map((row) => [
    row.id.slice(0, 12),
    printableHead(row.name, 40),
    printableHead(row.image, 48),
    `${row.mode ?? "not settled"}${row.state === "paused" ? " (paused)" : ""}`,
    String(row.devices.length),
    printableHead(row.allowlists.join(", "), 60) || "-",
    row.policies.map(policyText).join(", ") || "-",
  ]);
  const table = [headings, ...cells];
  const widths = headings.map((_, at) => Math.max(...table.map((line) => line[at]?.length ?? 0)));
  return table
    .map(
      (line) =>
        `${line
          .map((cell, at) => cell.padEnd(widths[at] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

function policyText({ name, spared }: Row["policies"][number]): string {
  const shown = printableHead(name, 40);
  return spared === undefined ? shown : `[${shown}: never ${printableHead(spared, 40)}]`;
}
