// SPDX-License-Identifier: Apache-2.0

/** Lines of one piece of a stream that has arrived; undefined stands for a line that was too long. */
export type LineBatch = readonly (string | undefined)[];

/**
 * Cuts a stream of UTF-8 into lines as it comes, so that nothing waits for its end. A line of more than
 * `lineBytesMax` is not kept; bytes that are no UTF-8 become U+FFFD.
 */
export async function* readLines(
  stream: AsyncIterable<Uint8Array>,
  lineBytesMax: number,
): AsyncGenerator<LineBatch> {
  let pieces: Uint8Array[] = [];
  let length = 0;
  const endLine = (): string | undefined => {
    const line = length > lineBytesMax ? undefined : Buffer.concat(pieces).toString("utf8");
    pieces = [];
    length = 0;
    return line;
  };
  const take = (piece: Uint8Array): void => {
    length += piece.length;
    if (length > lineBytesMax) pieces = [];
    else pieces.push(piece);
  };
  for await (const chunk of stream) {
    const lines: (string | undefined)[] = [];
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      take(chunk.subarray(start, end));
      lines.push(endLine());
      start = end + 1;
    }
    if (start < chunk.length) take(chunk.subarray(start));
    if (lines.length > 0) yield lines;
  }
  if (length > 0) yield [endLine()];
}
