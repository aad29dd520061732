// SPDX-License-Identifier: Apache-2.0

/**
 * Catches SIGHUP from now on, which would end the process otherwise. The returned function says who is called; for
 * signals that came before that, once.
 */
export function catchHangups(): (callback: () => void) => void {
  let isPending = false;
  let listener = (): void => {
    isPending = true;
  };
  process.on("SIGHUP", () => {
    listener();
  });
  return (callback) => {
    listener = callback;
    if (isPending) callback();
  };
}
