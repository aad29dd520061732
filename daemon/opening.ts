// Opens the gate, or does without where the kernel has none and the witness may stand in for it.
// SPDX-License-Identifier: Apache-2.0
import type { Config } from "./config/config.ts";
import type { Binding } from "./kernel/binding.ts";
import { Gate } from "./kernel/gate.ts";
import { readMountinfo } from "./kernel/mountinfo.ts";
import { WithoutGate, type AnyGate } from "./kernel/without-gate.ts";
import type { Log } from "./model/ports.ts";

/** What the gate is opened with. */
export interface OpeningOptions {
  readonly binding: Binding;
  readonly config: Pick<Config, "gate" | "witness">;
  readonly log: Log;
  /** The descriptor of the group that a daemon before this one left. */
  readonly group?: number | undefined;
  /** Closed where nothing stands in for the gate. */
  readonly hooks: { close(): void };
}

/** Records on their way to the guard thread: about 16,000 execs of usual size. */
const handOverBytes = 16 << 20;
/** EINVAL: without permission events. ENOSYS: without fanotify (fanotify_init(2)). */
const missingErrnos: ReadonlySet<unknown> = new Set([22, 38]);

/** Throws the addon's error, with errno and syscall, where it cannot and `witness.mode` is off. */
export function openGate(options: OpeningOptions): AnyGate {
  const { config, log, hooks } = options;
  const { witness } = config;
  try {
    return takeOver(options) ?? open(options);
  } catch (error) {
    const errno = error instanceof Error && "errno" in error ? error.errno : undefined;
    if (witness.mode === "off" || !missingErrnos.has(errno)) {
      hooks.close();
      throw error;
    }
    log.error(
      "detect-only: this kernel has no permission events, so the witness alone sees execs and nothing can be refused; boot a kernel with CONFIG_FANOTIFY_ACCESS_PERMISSIONS",
      { errno },
    );
    return new WithoutGate({ readMountinfo });
  }
}

function open({ binding, config: { gate } }: OpeningOptions, group?: number): Gate {
  return Gate.open(binding, {
    deadlineMs: gate.deadlineMs,
    denyOnDeadline: gate.onDeadline === "deny",
    handOverBytes,
    ...(group === undefined ? {} : { group }),
  });
}

/** Undefined where there is nothing, or nothing of use, to take over. */
function takeOver(options: OpeningOptions): Gate | undefined {
  const { config, group, log } = options;
  if (group === undefined) return undefined;
  try {
    const gate = open(options, group);
    log.info("took over the gate of the daemon before", {
      unanswered: gate.counters().inherited,
      answer: config.gate.onDeadline,
    });
    return gate;
  } catch (error) {
    log.error("cannot take over the gate of the daemon before: opening another one", { error });
    return undefined;
  }
}

/** As configured; where there is no gate the witness sees all that can be seen. */
export function witnessModeOf(
  { witness }: Pick<Config, "witness">,
  gate: AnyGate,
): Config["witness"]["mode"] {
  return gate.handle === 0 ? "full" : witness.mode;
}
