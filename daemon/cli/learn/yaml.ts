// cli/learn: a list of programs out of what ran. Comes in: the daemon's report. Goes out: allowlist.yaml, as text. Must not
// know: how the daemon saw it.
// SPDX-License-Identifier: Apache-2.0
import type { Learned, LearnedProgram, LearnSession } from "../../model/learning.ts";
import { printableHead } from "../../util/printable-text.ts";

const pathShownMax = 200;

/** The name of a list for an image: the last part of its repository, as far as a name may have it. */
export function listNameOf(image: string): string {
  const [withoutDigest = ""] = image.split("@");
  const last = withoutDigest.slice(withoutDigest.lastIndexOf("/") + 1);
  const [repository = ""] = last.split(":");
  const name = Array.from(repository, (c) => (isLetter(c) || isDigit(c) ? c : "_")).join("");
  return isLetter(name.charAt(0)) ? name : `image_${name}`;
}

/** Whether a list may have this name: a letter, then letters, digits or _. */
export function isListName(name: string): boolean {
  return (
    isLetter(name.charAt(0)) &&
    Array.from(name).every((c) => isLetter(c) || isDigit(c) || c === "_")
  );
}

/** Programs that no entry can allow. */
export function unlisted({ learned }: Pick<Learned, "learned">): readonly LearnedProgram[] {
  return learned.filter(({ entry }) => entry === undefined);
}

/** A whole allowlist.yaml that allows what ran, and nothing else. */
export function learnedYaml(report: LearnSession & Learned, name: string, endMs: number): string {
  const { image, sinceMs, containers, execs, images, learned, notKept } = report;
  const listed = learned.filter(({ entry }) => entry !== undefined);
  const isOfImage = learned.every(({ isUnchanged }) => isUnchanged);
  const lines = [
    `# What ran in containers of ${printableHead(image, pathShownMax)} from ${time(sinceMs)} to ${time(endMs)}:`,
    `# ${counted(execs, "exec")} of ${counted(learned.length, "program")} in ${counted(containers, "container")}. Written by execwarden allowlist learn.`,
    ...images.map((id) => `# Image: ${printableHead(id, pathShownMax)}`),
    ...(notKept === 0
      ? []
      : [`# NOT COMPLETE: ${notKept} execs of further programs are left out.`]),
    "allowlists:",
    `  ${name}:`,
    "    images:",
    `      - ${JSON.stringify(image)}`,
    ...(isOfImage
      ? ["    # All of it lay where the image ships it, unchanged.", "    only_from_image: true"]
      : []),
    "    programs:",
    ...listed.flatMap(({ entry = "", ...seen }) => [
      `      # ${seenText(seen)}`,
      `      - ${JSON.stringify(entry)}`,
    ]),
    ...unlisted(report).map(
      (seen) => `      # NOT LISTED, ${whyTexts[seen.whyNot ?? "unknown"]}: ${seenText(seen)}`,
    ),
  ];
  return `${lines.join("\n")}\n`;
}

const whyTexts = {
  memory: "it was in memory, or where no mark is",
  loader: "a loader ran it",
  unknown: "its bytes were not known",
  applet: "which applet it was is not known",
} as const satisfies Record<NonNullable<LearnedProgram["whyNot"]>, string>;

function seenText({ count, firstMs, lastMs, path, sha256 }: Omit<LearnedProgram, "entry">): string {
  const digest = sha256 === undefined ? "" : `, sha256:${sha256}`;
  const when = count === 1 ? `at ${time(firstMs)}` : `first ${time(firstMs)}, last ${time(lastMs)}`;
  return `${count === 1 ? "once" : `${count} times`}, ${when}, run from ${printableHead(path, pathShownMax)}${digest}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}

function isLetter(c: string): boolean {
  return (c >= "a" && c <= "z") || (c >= "A" && c <= "Z");
}

function isDigit(c: string): boolean {
  return c >= "0" && c <= "9";
}
