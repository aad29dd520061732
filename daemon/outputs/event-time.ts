// SPDX-License-Identifier: Apache-2.0

const nsPerMs = 1_000_000n;
const nsPerSecond = 1_000_000_000n;

/** `2026-01-02T03:04:05.123456789Z` (RFC 3339, always nine decimals, UTC). */
export function utcTime(timeNs: bigint): string {
  return `${new Date(Number(timeNs / nsPerMs)).toISOString().slice(0, 19)}.${fraction(timeNs)}Z`;
}

/** `03:04:05.123456789` in the daemon's own time zone, as Falco's %evt.time prints it. */
export function localClockTime(timeNs: bigint): string {
  const date = new Date(Number(timeNs / nsPerMs));
  const parts = [date.getHours(), date.getMinutes(), date.getSeconds()];
  return `${parts.map((part) => String(part).padStart(2, "0")).join(":")}.${fraction(timeNs)}`;
}

function fraction(timeNs: bigint): string {
  return String(timeNs % nsPerSecond).padStart(9, "0");
}
