// SPDX-License-Identifier: Apache-2.0

/** A moment in UTC, taken apart. */
export interface TimeParts {
  /** `2026-03-04` */
  readonly date: string;
  /** `05:06:07` */
  readonly time: string;
  /** Nine digits. */
  readonly nanoseconds: string;
}

/** Takes nanoseconds since the epoch apart (proleptic Gregorian calendar, UTC). */
export function splitTime(timeNs: bigint): TimeParts {
  const seconds = timeNs / 1_000_000_000n;
  const nanoseconds = String(timeNs % 1_000_000_000n).padStart(9, "0");
  const day = Number(seconds / 86_400n);
  const second = Number(seconds % 86_400n);
  const clock = [Math.floor(second / 3600), Math.floor(second / 60) % 60, second % 60];
  return { date: dateOf(day), time: clock.map((part) => pad(part, 2)).join(":"), nanoseconds };
}

/** Days since the epoch to a date, by counting years from 1 March (H. Hinnant, "chrono-compatible date algorithms"). */
function dateOf(day: number): string {
  const shifted = day + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const dayOfMonth = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(dayOfMonth, 2)}`;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}
