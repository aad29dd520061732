// SPDX-License-Identifier: Apache-2.0

/** As `make`, which always makes the same of a text: what it made of the last one is not made again. */
export function rememberLast<T>(make: (text: string) => T): (text: string) => T {
  let last: { readonly text: string; readonly made: T } | undefined;
  return (text) => {
    if (last?.text !== text) last = { text, made: make(text) };
    return last.made;
  };
}
