// SPDX-License-Identifier: Apache-2.0
import type { Writable } from "node:stream";
import { isatty } from "node:tty";
import { createDescriptorStream } from "./descriptor-stream.ts";

/** Where a command writes, and what it knows of who reads. */
export interface ProcessTerminal {
  /** Resolves when it is written, or when nobody reads any more: then `interrupted` is aborted too. */
  writeOut(text: string): Promise<void>;
  writeError(text: string): Promise<void>;
  readonly isTerminal: boolean;
  readonly isErrorTerminal: boolean;
  readonly hasColor: boolean;
  /** Aborted on SIGINT and SIGTERM, from the first time that it is asked for. */
  readonly interrupted: AbortSignal;
  /** Calls back on SIGUSR1, until the returned function is called. Node's own use of it, a debugger, ends for good. */
  onReopen(reopen: () => void): () => void;
}

/** The terminal on descriptors 1 and 2; they are touched when they are first written to. */
export function createTerminal(env: Readonly<Record<string, string | undefined>>): ProcessTerminal {
  const interruption = new AbortController();
  const isTerminal = isatty(1);
  let out: Writable | undefined;
  let errors: Writable | undefined;
  let isListening = false;
  const interrupt = (): void => {
    interruption.abort();
  };
  return {
    isTerminal,
    isErrorTerminal: isatty(2),
    hasColor: isTerminal && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb",
    writeOut(text) {
      out ??= openStream(1, interrupt);
      return write(out, text);
    },
    writeError(text) {
      errors ??= openStream(2, () => undefined);
      return write(errors, text);
    },
    onReopen(reopen) {
      process.on("SIGUSR1", ignore);
      process.on("SIGUSR1", reopen);
      return () => {
        process.off("SIGUSR1", reopen);
      };
    },
    get interrupted() {
      // Only who asks for the signal handles it: otherwise Ctrl-C ends the process as usual.
      if (!isListening) {
        isListening = true;
        // For good: with no listener left, a second signal would end the process in the middle of its stop.
        process.on("SIGINT", interrupt);
        process.on("SIGTERM", interrupt);
      }
      return interruption.signal;
    },
  };
}

function ignore(): void {
  // With no listener left, Node would open a debugger.
}

function openStream(fd: number, onGone: () => void): Writable {
  const stream = createDescriptorStream(fd);
  stream.on("error", onGone);
  return stream;
}

function write(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve) => {
    stream.write(text, () => {
      resolve();
    });
  });
}
