// SPDX-License-Identifier: Apache-2.0

/** True when the text holds the one special character of a glob. */
export function isGlob(text: string): boolean {
  return text.includes("*");
}

/** A piece of a glob: `*`, `**`, or a character that stands for itself. */
export type GlobPart = "*" | "**" | { readonly character: string };

/**
 * Compiles a glob: `*` is any run of characters without `/`, `**` any run at all, both also the empty one; every other
 * character is itself. The whole text must match. Time is at most pattern length times text length, for any pattern.
 */
export function compileGlob(pattern: string): (text: string) => boolean {
  if (!isGlob(pattern)) return (text) => text === pattern;
  return compileGlobParts(
    Array.from(pattern, (character): GlobPart => (character === "*" ? "*" : { character })),
  );
}

/** The same for a pattern that was read elsewhere; two stars in a row are one `**`. */
export function compileGlobParts(pieces: readonly GlobPart[]): (text: string) => boolean {
  const parts = joinStars(pieces);
  const start = startOf(parts);
  // Kept between calls: execs are matched while they wait.
  let reached = new Uint8Array(parts.length + 1);
  let next = new Uint8Array(parts.length + 1);
  return (text) => {
    reached.set(start);
    for (const character of text) {
      if (!step(parts, { reached, next }, character)) return false;
      [reached, next] = [next, reached];
    }
    return reached[parts.length] === 1;
  };
}

function joinStars(pieces: readonly GlobPart[]): readonly GlobPart[] {
  const parts: GlobPart[] = [];
  for (const piece of pieces) {
    const last = parts.at(-1);
    if (typeof piece === "object" || typeof last !== "string") parts.push(piece);
    else parts[parts.length - 1] = "**";
  }
  return parts;
}

// reached[i]: the first i parts match the text so far.
function startOf(parts: readonly GlobPart[]): Uint8Array {
  const reached = new Uint8Array(parts.length + 1);
  reached[0] = 1;
  parts.forEach((part, i) => {
    if (typeof part === "string" && reached[i] === 1) reached[i + 1] = 1;
  });
  return reached;
}

/** Fills `next`; false when nothing can match any more. */
function step(
  parts: readonly GlobPart[],
  { reached, next }: { readonly reached: Uint8Array; readonly next: Uint8Array },
  character: string,
): boolean {
  next[0] = 0;
  let isAlive = false;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i];
    const isReached =
      typeof part === "object"
        ? reached[i] === 1 && part.character === character
        : (reached[i + 1] === 1 && (part === "**" || character !== "/")) || next[i] === 1;
    next[i + 1] = isReached ? 1 : 0;
    isAlive ||= isReached;
  }
  return isAlive;
}
