// SPDX-License-Identifier: Apache-2.0
import type { ServerResponse } from "node:http";
import type { Alert } from "../model/alert.ts";
import { BoundedQueue } from "../util/bounded-queue.ts";

/** What a writer needs. */
export interface EventWriterOptions {
  readonly response: ServerResponse;
  /** Past alerts, oldest first: written before all others. */
  readonly past: readonly Alert[];
  readonly heldAlertsMax: number;
  /** Called for each alert that there was no room for. */
  onLost(): void;
  /** An alert with its line breaks. */
  render(alert: Alert): string;
  /** What stands for so many lost alerts, with its line break. */
  renderLoss(lostCount: number): string;
}

/** Writes alerts to one reader as fast as they are read. */
export interface EventWriter {
  /** Never blocks: what a slow reader leaves no room for is lost, and told when there is room again. */
  write(alert: Alert): void;
  /** Ends the answer when all that is held has been written. */
  end(): void;
}

/** Starts with the past alerts. */
export function createEventWriter(options: EventWriterOptions): EventWriter {
  const { response, past } = options;
  const held = new BoundedQueue<Alert>(options.heldAlertsMax);
  let pastCount = 0;
  let lostCount = 0;
  let isReady = true;
  let isEnding = false;

  function nextText(): string | undefined {
    const pastAlert = past[pastCount];
    pastCount += 1;
    const alert = pastAlert ?? held.shift();
    if (alert !== undefined) return options.render(alert);
    if (lostCount === 0) return undefined;
    const text = options.renderLoss(lostCount);
    lostCount = 0;
    return text;
  }

  function flush(): void {
    while (isReady) {
      const text = nextText();
      if (text === undefined) break;
      isReady = response.write(text);
    }
    if (isReady && isEnding) response.end();
  }

  response.on("drain", () => {
    isReady = true;
    flush();
  });
  flush();
  return {
    write(alert) {
      if (!held.push(alert)) {
        lostCount += 1;
        options.onLost();
      } else if (isReady) flush();
    },
    end() {
      isEnding = true;
      flush();
    },
  };
}
