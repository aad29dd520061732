// SPDX-License-Identifier: Apache-2.0
import type { AlertDraft } from "../model/guard-messages.ts";

/** Drafts that the main thread has not taken yet; beyond this they are lost, and counted. */
const outstandingMax = 65_536;

/** Sends drafts in batches, never more than the receiver has room for. */
export class DraftSender {
  readonly #send: (drafts: readonly AlertDraft[]) => void;
  #batch: AlertDraft[] = [];
  #outstanding = 0;
  #lost = 0;

  constructor(send: (drafts: readonly AlertDraft[]) => void) {
    this.#send = send;
  }

  /** Adds drafts to the next batch. */
  add(drafts: readonly AlertDraft[]): void {
    for (const draft of drafts) {
      if (this.#outstanding >= outstandingMax) {
        this.#lost += 1;
        continue;
      }
      this.#outstanding += 1;
      this.#batch.push(draft);
    }
  }

  /** Sends what has gathered. */
  flush(): void {
    if (this.#batch.length === 0) return;
    const batch = this.#batch;
    this.#batch = [];
    this.#send(batch);
  }

  /** The receiver has taken this many. */
  taken(alerts: number): void {
    this.#outstanding -= alerts;
  }

  /** Drafts lost since the start. */
  get lost(): number {
    return this.#lost;
  }
}
