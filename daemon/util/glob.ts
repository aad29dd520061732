// SPDX-License-Identifier: Apache-2.0

/** True when the text holds the one special character of a glob. */
export function isGlob(text: string): boolean {
  return text.includes("*");
}

/**
 * Compiles a glob: `*` is any run of characters without `/`, `**` any run at all, both also the empty one; every other
 * character is itself. The whole text must match. Time is at most pattern length times text length, for any pattern.
 */
export function compileGlob(pattern: string): (text: string) => boolean {
  if (!isGlob(pattern)) return (text) => text === pattern;
  const parts = partsOf(pattern);
  return (text) => {
    let reached = startOf(parts);
    for (const character of text) reached = step(parts, reached, character);
    return reached[parts.length] === true;
  };
}

type Part = "*" | "**" | { readonly character: string };

function partsOf(pattern: string): readonly Part[] {
  const parts: Part[] = [];
  for (const character of pattern) {
    const last = parts.at(-1);
    if (character !== "*") parts.push({ character });
    else if (last === "*") parts[parts.length - 1] = "**";
    else if (last !== "**") parts.push("*");
  }
  return parts;
}

// reached[i]: the first i parts match the text so far.
function startOf(parts: readonly Part[]): readonly boolean[] {
  const reached = [true];
  for (const part of parts) reached.push(typeof part === "string" && reached.at(-1) === true);
  return reached;
}

function step(
  parts: readonly Part[],
  reached: readonly boolean[],
  character: string,
): readonly boolean[] {
  const next = [false];
  parts.forEach((part, i) => {
    if (typeof part === "object") {
      next.push(reached[i] === true && part.character === character);
      return;
    }
    const isTaken = reached[i + 1] === true && (part === "**" || character !== "/");
    next.push(isTaken || next[i] === true);
  });
  return next;
}
