// SPDX-License-Identifier: Apache-2.0

/** Who is told of each line. */
export interface JsonLinesReader {
  onValue(value: unknown): void;
  /** A line was too long, or was not JSON, and was left out. */
  onLost(): void;
}

/**
 * Cuts a stream of text into lines of JSON. Holds at most `lineLengthMax` characters of a line that has not
 * ended; a longer one is left out whole.
 */
export function createJsonLines(
  lineLengthMax: number,
  reader: JsonLinesReader,
): (text: string) => void {
  let pieces: string[] = [];
  let length = 0;
  let isTooLong = false;

  function take(piece: string): void {
    length += piece.length;
    isTooLong ||= length > lineLengthMax;
    if (isTooLong) pieces = [];
    else pieces.push(piece);
  }

  function endLine(): void {
    const line = pieces.join("").trim();
    if (isTooLong) reader.onLost();
    else if (line !== "") readLine(line, reader);
    pieces = [];
    length = 0;
    isTooLong = false;
  }

  return (text) => {
    let start = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      take(text.slice(start, end));
      endLine();
      start = end + 1;
    }
    if (start < text.length) take(text.slice(start));
  };
}

function readLine(line: string, reader: JsonLinesReader): void {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    reader.onLost();
    return;
  }
  reader.onValue(value);
}
