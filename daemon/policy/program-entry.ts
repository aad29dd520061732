// SPDX-License-Identifier: Apache-2.0
import { toByteString, type ByteString } from "../util/byte-string.ts";
import { compileGlobParts, type GlobPart } from "../util/glob.ts";

/** Which paths are meant. */
export interface PathPattern {
  /** The one path, where there is no star. */
  readonly literal?: ByteString;
  matches(path: ByteString): boolean;
}

/** One entry of `programs`, as it was read. */
export type ProgramEntry =
  | { readonly kind: "digest"; readonly text: string; readonly sha256: string }
  | {
      readonly kind: "path";
      readonly text: string;
      /** Where the image has the program, or the script with a `#!` line. */
      readonly path: PathPattern;
      /** What a multi-call program such as busybox is to run as. */
      readonly applet?: ByteString;
      /** The file that it is to be given as its first argument. */
      readonly operand?: PathPattern;
    };

/** An entry, or what keeps the text from being one: words that follow "cannot read …: ". */
export type ProgramEntryResult = { readonly entry: ProgramEntry } | { readonly problem: string };

/** A character of the text: itself, or a star that stands for others. */
type Piece = GlobPart;

const forms =
  "expected a path of the image such as /usr/bin/curl or /usr/lib/**, with an applet (/bin/busybox ls) or a script (/bin/sh /app/run.sh) behind it, or sha256: and 64 digits";
const digestPrefix = "sha256:";

/**
 * Parses one entry of `programs`:
 *
 *     entry  := "sha256:" hex64 | path [ blank applet ] [ blank path ]
 *     path   := "/" { byte | "*" | "**" | escape }
 *     applet := byte { byte | escape }, without "/" or "*"
 *     escape := "\" ( "x" hex hex | character )
 *
 * An escape stands for a blank, a star or a backslash as such, or for a byte that is not UTF-8.
 */
export function parseProgramEntry(text: string): ProgramEntryResult {
  if (text.startsWith(digestPrefix)) return parseDigest(text);
  const words = splitWords(text);
  if (typeof words === "string") return { problem: words };
  const parts = partsOf(words);
  if (parts === undefined) return { problem: forms };
  const { path, applet, operand } = parts;
  const problem = [path, ...(operand === undefined ? [] : [operand])]
    .map(pathProblem)
    .find((found) => found !== undefined);
  if (problem !== undefined) return { problem };
  if (applet !== undefined && !isApplet(applet))
    return { problem: "an applet is a name without / and *, such as ls" };
  return {
    entry: {
      ...{ kind: "path", text, path: patternOf(path) },
      ...(applet === undefined ? {} : { applet: textOf(applet) }),
      ...(operand === undefined ? {} : { operand: patternOf(operand) }),
    },
  };
}

type Word = readonly Piece[];

/** Which word is what; undefined where there are too many. */
function partsOf(
  words: readonly Word[],
): { readonly path: Word; readonly applet?: Word; readonly operand?: Word } | undefined {
  const [path = [], second, third, ...more] = words;
  if (more.length > 0) return undefined;
  if (second === undefined) return { path };
  if (isPath(second)) return third === undefined ? { path, operand: second } : undefined;
  return { path, applet: second, ...(third === undefined ? {} : { operand: third }) };
}

/** The text of an entry for a program at this very path; with an applet or a file behind it. */
export function programEntryText(path: ByteString, ...behind: readonly ByteString[]): string {
  return [path, ...behind].map(escapeWord).join(" ");
}

function parseDigest(text: string): ProgramEntryResult {
  const sha256 = text.slice(digestPrefix.length);
  if (!/^[0-9a-f]{64}$/.test(sha256))
    return { problem: "a digest is sha256: and 64 digits of 0-9 and a-f" };
  return { entry: { kind: "digest", text, sha256 } };
}

/** The words as pieces, or what is wrong. */
function splitWords(text: string): readonly Word[] | string {
  const words: Piece[][] = [];
  let word: Piece[] | undefined;
  for (let at = 0; at < text.length;) {
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
    if (character === " ") {
      word = undefined;
      at += 1;
      continue;
    }
    if (word === undefined) words.push((word = []));
    if (character !== "\\") {
      if (character === "*") word.push("*");
      else word.push(...bytesOf(character));
      at += character.length;
      continue;
    }
    const escape = readEscape(text, at + 1);
    if (escape === undefined)
      return 'a backslash is followed by the character it stands for, or by x and two digits: "\\x20"';
    word.push(...escape.pieces);
    at = escape.end;
  }
  return words;
}

function readEscape(
  text: string,
  at: number,
): { readonly pieces: readonly Piece[]; readonly end: number } | undefined {
  const code = text.codePointAt(at);
  if (code === undefined) return undefined;
  const character = String.fromCodePoint(code);
  if (character !== "x") return { pieces: bytesOf(character), end: at + character.length };
  const digits = text.slice(at + 1, at + 3);
  if (!/^[0-9a-fA-F]{2}$/.test(digits) || digits === "00") return undefined;
  const pieces = [{ character: String.fromCharCode(Number.parseInt(digits, 16)) }];
  return { pieces, end: at + 3 };
}

function bytesOf(character: string): readonly Piece[] {
  return Array.from(toByteString(character), (byte) => ({ character: byte }));
}

function isPath(word: Word): boolean {
  const [first] = word;
  return typeof first === "object" && first.character === "/";
}

function isApplet(word: Word): boolean {
  return word.every((piece) => typeof piece === "object" && piece.character !== "/");
}

// What the kernel never calls a file would allow nothing, and nobody would know why.
function pathProblem(word: Word): string | undefined {
  if (!isPath(word)) return forms;
  const names = textOf(word).split("/").slice(1);
  if (names.some((name) => name === "" || name === "." || name === ".."))
    return "write the path as the kernel finds the file, with no . or .. or empty part, and no / at its end";
  return undefined;
}

function textOf(word: Word): ByteString {
  return word.map((piece) => (typeof piece === "string" ? piece : piece.character)).join("");
}

function literalOf(word: Word): ByteString | undefined {
  return word.every((piece) => typeof piece === "object") ? textOf(word) : undefined;
}

function patternOf(word: Word): PathPattern {
  const literal = literalOf(word);
  if (literal === undefined) return { matches: compileGlobParts(word) };
  return { literal, matches: (path) => path === literal };
}

/** Blanks, stars, backslashes and whatever is no plain ASCII as escapes. */
function escapeWord(word: ByteString): string {
  return Array.from(word, (byte) => {
    if (byte === "*" || byte === "\\") return `\\${byte}`;
    return byte > " " && byte <= "~" ? byte : `\\x${hexOf(byte)}`;
  }).join("");
}

function hexOf(byte: string): string {
  return byte.charCodeAt(0).toString(16).padStart(2, "0");
}
