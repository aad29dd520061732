// SPDX-License-Identifier: Apache-2.0
import type { Range } from "./ast.ts";
import type { LangCode } from "./diagnostic-texts.ts";

/** Takes faults at ranges of the condition that is being checked. */
export interface Reporter {
  error(code: LangCode, message: string, range: Range): void;
  warning(code: LangCode, message: string, range: Range): void;
}
