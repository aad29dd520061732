// SPDX-License-Identifier: Apache-2.0

/** What a piece of text means; how it looks is decided in one place. */
export type Tone = "plain" | "strong" | "faint" | "red" | "yellow" | "green" | "blue";

/** Puts text into its tone. The text must be printable already. */
export type Paint = (tone: Tone, text: string) => string;

/** Select Graphic Rendition parameters (ECMA-48, 8.3.117). */
const parameters = {
  plain: undefined,
  strong: "1",
  faint: "2",
  red: "1;31",
  yellow: "33",
  green: "32",
  blue: "36",
} as const satisfies Record<Tone, string | undefined>;

/** With colour, tones are written as ANSI escapes; without, the text stays as it is. */
export function createPaint(hasColor: boolean): Paint {
  if (!hasColor) return (_tone, text) => text;
  return (tone, text) => {
    const parameter = parameters[tone];
    return parameter === undefined ? text : `\u001b[${parameter}m${text}\u001b[0m`;
  };
}
