// SPDX-License-Identifier: Apache-2.0
import { printableHead } from "../util/printable-text.ts";
import { memberOf, textMember, toList } from "../util/unknown-value.ts";

const labelWidth = 18;

/** How the daemon's answer says what became of each action (daemon/model/undo.ts). */
const words: Readonly<Record<string, string>> = {
  undone: "undone",
  unchanged: "nothing to do",
  "nothing-to-undo": "nothing to undo",
  "not-possible": "CANNOT BE UNDONE",
  failed: "FAILED",
};

/** What was undone, as a person wants to read it: the alert, then one line for each of its actions. */
export function undoText(answer: unknown): string {
  const text = (value: unknown, name: string): string =>
    printableHead(textMember(value, name) ?? "", 400);
  const container = text(memberOf(answer, "container"), "name");
  const where = container === "" ? "" : ` in ${container}`;
  const lines = toList(memberOf(answer, "actions")).map((one) => {
    const status = text(one, "status");
    const detail = text(one, "detail");
    const why = detail === "" ? "" : `: ${detail}`;
    return `  ${text(one, "action").padEnd(labelWidth)}${words[status] ?? status}${why}`;
  });
  const shown = lines.length === 0 ? ["  the alert had no actions"] : lines;
  const head = `${text(answer, "rule")}${where} (${text(answer, "alert")})`;
  return `${[head, ...shown].join("\n")}\n`;
}
