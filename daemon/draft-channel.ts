// The way of drafts from the guard thread to the main thread. A queue of its own, emptied in short turns: messages that
// are delivered by events are delivered all at once, and a flood of alerts would leave the main thread no time to answer
// the control socket, to act, or to write alerts out.
// SPDX-License-Identifier: Apache-2.0
import { MessageChannel, receiveMessageOnPort, type MessagePort } from "node:worker_threads";
import type { AlertDraft, GuardSettings } from "./model/guard-messages.ts";

/** What the guard thread is started with. */
export interface GuardWorkerData {
  readonly settings: GuardSettings;
  /** Takes messages of drafts; "drafts" on the thread's own port announces them. */
  readonly drafts: MessagePort;
}

/** A turn ends after the message in which so much time has passed. */
const turnMs = 4;

/** The main thread's end. */
export class DraftReceiver {
  /** The guard thread's end, to be transferred. */
  readonly senderPort: MessagePort;
  readonly #port: MessagePort;
  readonly #onDrafts: (drafts: readonly AlertDraft[]) => void;
  #isTurnPlanned = false;

  constructor(onDrafts: (drafts: readonly AlertDraft[]) => void) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.senderPort = port2;
    this.#onDrafts = onDrafts;
  }

  /** There are messages: takes them, in as many turns of the event loop as that needs. */
  announce(): void {
    if (this.#isTurnPlanned) return;
    this.#isTurnPlanned = true;
    setImmediate(() => {
      this.#isTurnPlanned = false;
      const endMs = performance.now() + turnMs;
      do {
        if (!this.#takeOne()) return;
      } while (performance.now() < endMs);
      this.announce();
    });
  }

  /** Takes all that is left, and closes. */
  close(): void {
    while (this.#takeOne()) continue;
    this.#port.close();
  }

  #takeOne(): boolean {
    const received = receiveMessageOnPort(this.#port);
    if (received === undefined) return false;
    // Only the guard thread has the other end.
    this.#onDrafts(received.message as readonly AlertDraft[]);
    return true;
  }
}
