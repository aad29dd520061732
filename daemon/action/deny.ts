// SPDX-License-Identifier: Apache-2.0
import type { ActionOf, Executor } from "./action.ts";

/** Refuses the exec before it runs. The gate has answered the kernel by now; here it is only recorded. */
export const deny: Executor<ActionOf<"deny">> = {
  description: "refuse the exec before it runs",
  order: 0,
  on: "exec",
  check: () => undefined,
  run: () => Promise.resolve({ status: "done" }),
};
