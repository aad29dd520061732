// SPDX-License-Identifier: Apache-2.0
import type { Log } from "../../daemon/model/ports.ts";

/** One call of the log. */
export interface LogLine {
  readonly level: keyof Log;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A log that keeps its lines for the test to look at. */
export function createRecordingLog(): { readonly log: Log; readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = [];
  const at =
    (level: keyof Log): Log["info"] =>
    (message, fields = {}) => {
      lines.push({ level, message, fields });
    };
  return {
    log: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") },
    lines,
  };
}
