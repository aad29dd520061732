// SPDX-License-Identifier: Apache-2.0
import type { AlertDraft } from "../model/guard-messages.ts";

/** Drafts that the main thread has not taken yet; beyond this they are lost, and counted. */
const outstandingMax = 65_536;
/** The receiver takes a message whole: it must not take long. */
const messageMax = 32;

/** Sends drafts in messages of up to 32, never more than the receiver has room for. */
export class DraftSender {
  readonly #send: (drafts: readonly AlertDraft[]) => void;
  #batch: AlertDraft[] = [];
  #outstanding = 0;
  #lost = 0;

  constructor(send: (drafts: readonly AlertDraft[]) => void) {
    this.#send = send;
  }

  /** Adds drafts to what is sent next. */
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

  /** Sends what has gathered; false when that is nothing. */
  flush(): boolean {
    if (this.#batch.length === 0) return false;
    const batch = this.#batch;
    this.#batch = [];
    for (let at = 0; at < batch.length; at += messageMax) {
      this.#send(batch.slice(at, at + messageMax));
    }
    return true;
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
