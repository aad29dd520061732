// SPDX-License-Identifier: Apache-2.0
import type { Writable } from "node:stream";
import { createLogger, format, transports } from "winston";
import type { Log } from "../model/ports.ts";
import { jsonText } from "../util/json-text.ts";
import { printableHead } from "../util/printable-text.ts";

/** Least severe level that is written. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** What the daemon's own log needs. */
export interface LogOptions {
  readonly level: LogLevel;
  readonly format: "text" | "json";
  /** Standard error, as `createDescriptorStream(2)` opens it. */
  readonly stream: Writable;
}

/** The daemon's log, and how to let go of it. */
export interface DaemonLog extends Log {
  /** Writes what is buffered, at most for `timeoutMs`. The stream itself stays open. */
  close(timeoutMs: number): Promise<void>;
}

type Fields = Readonly<Record<string, unknown>>;

const textLengthMax = 4096;
/** Beyond this the reader of standard error has stopped; lines are then lost and counted. */
const bufferedBytesMax = 1024 * 1024;

/**
 * The daemon's own log on winston: `2026-01-02T03:04:05.678Z info  message key=value`, or one JSON object a line.
 * Texts are cut and made printable, errors become their message and causes. Never blocks: when the stream's
 * reader stops, lines are dropped and the next line that fits says how many.
 */
export function createLog(options: LogOptions): DaemonLog {
  const { level, stream } = options;
  const logger = createLogger({
    level,
    format: format.printf(options.format === "json" ? jsonLine : textLine),
    // winston types its transports as interfaces, in which the rule sees no constructor.
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
    transports: [new transports.Stream({ stream, eol: "\n" })],
  });
  // A reader that went away must not end the daemon.
  stream.on("error", () => undefined);
  let droppedCount = 0;
  const write = (severity: LogLevel, message: string, fields: Fields = {}): void => {
    if (stream.writableLength > bufferedBytesMax || !stream.writable) {
      droppedCount += 1;
      return;
    }
    if (droppedCount > 0) {
      logger.log({ level: "warn", message: "log lines lost", fields: { lines: droppedCount } });
      droppedCount = 0;
    }
    logger.log({ level: severity, message, fields });
  };
  return {
    debug: (message, fields) => {
      write("debug", message, fields);
    },
    info: (message, fields) => {
      write("info", message, fields);
    },
    warn: (message, fields) => {
      write("warn", message, fields);
    },
    error: (message, fields) => {
      write("error", message, fields);
    },
    close: (timeoutMs) => drain(stream, timeoutMs),
  };
}

interface Entry {
  readonly level: string;
  readonly message: unknown;
  readonly [name: string]: unknown;
}

function textLine(entry: Entry): string {
  const time = new Date().toISOString();
  let line = `${time} ${entry.level.padEnd(5)} ${printableHead(String(entry.message), textLengthMax)}`;
  for (const [name, value] of fieldsOf(entry)) line += ` ${name}=${textOf(value)}`;
  return line;
}

function jsonLine(entry: Entry): string {
  const fields = Object.fromEntries(fieldsOf(entry));
  return jsonText({
    time: new Date().toISOString(),
    level: entry.level,
    message: String(entry.message),
    ...fields,
  });
}

function fieldsOf(entry: Entry): [string, unknown][] {
  const { fields } = entry;
  if (typeof fields !== "object" || fields === null) return [];
  const entries: [string, unknown][] = Object.entries(fields);
  return entries
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, value instanceof Error ? errorText(value) : value]);
}

function textOf(value: unknown): string {
  const text = typeof value === "string" ? value : jsonText(value);
  const isWord = /^[\w./:@+-]+$/.test(text);
  if (isWord && text.length <= textLengthMax) return text;
  if (typeof value !== "string") return printableHead(text, textLengthMax);
  return `"${printableHead(text.replaceAll("\\", "\\\\").replaceAll('"', '\\"'), textLengthMax)}"`;
}

function errorText(error: Error): string {
  const causes = [error.message];
  let { cause } = error;
  while (cause instanceof Error && causes.length < 5) {
    causes.push(cause.message);
    ({ cause } = cause);
  }
  return causes.join(": ");
}

function drain(stream: Writable, timeoutMs: number): Promise<void> {
  if (stream.writableLength === 0 || !stream.writable) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(done, timeoutMs);
    function done(): void {
      clearTimeout(timer);
      stream.off("drain", done);
      stream.off("close", done);
      resolve();
    }
    stream.once("close", done);
    stream.write("", () => {
      done();
    });
  });
}
