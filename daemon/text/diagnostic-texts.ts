// SPDX-License-Identifier: Apache-2.0

/** One row per diagnostic code: what it means and what to do about it. */
export type DiagnosticTexts = Readonly<Record<string, string>>;

/** The codes of this room; each room that reports faults of its own keeps such a table beside its code. */
export const yamlDiagnosticTexts = {
  "yaml-syntax": "The file is not YAML. Nothing of it is used.",
  "yaml-limit": "The file is larger, deeper or has more nodes than is read. Split it.",
  "yaml-alias":
    "An alias (`*name`) stands before, or without, the anchor (`&name`) that it refers to.",
  "yaml-key": "A key of a map is a list or a map. Keys are text.",
} as const satisfies DiagnosticTexts;

/** Codes of the faults of files as such. */
export const fileDiagnosticTexts = {
  "file-missing": "A file or directory that is named is not there.",
  "file-unreadable": "A file or directory is there, but cannot be read.",
  "file-limit": "A file is larger, or a directory holds more files, than is read.",
  "file-encoding": "A file is not UTF-8. Nothing of it is used.",
} as const satisfies DiagnosticTexts;
