// SPDX-License-Identifier: Apache-2.0
import { endianness } from "node:os";
import { assert } from "../util/assert.ts";

/** What the hook helper is asked (daemon/kernel/addon/src/hook_helper.cc). */
export interface HookStart {
  readonly id: number;
  readonly uid: number;
  readonly gid: number;
  readonly timeoutMs: number;
  readonly program: readonly string[];
  /** `KEY=value`. */
  readonly environment: readonly string[];
  readonly input: string;
}

/** What the helper answers. */
export interface HookAnswer {
  readonly id: number;
  readonly end: "exited" | "signaled" | "not-started";
  /** Exit status, number of the signal, or errno. */
  readonly value: number;
  readonly isTimedOut: boolean;
  readonly stderr: string;
}

// Both ends are on one machine.
const isLittle = endianness() === "LE";
const ends = ["exited", "signaled", "not-started"] as const;
const headNumbers = 4;
const numberBytes = 4;

/** One request, its length in front. */
export function encodeHookStart(start: HookStart): Buffer {
  const input = Buffer.from(start.input);
  const texts = [...start.program, ...start.environment].map((text) => Buffer.from(`${text}\0`));
  const numbers = [
    ...[start.id, start.uid, start.gid, start.timeoutMs],
    ...[start.program.length, start.environment.length, input.length],
  ];
  const head = Buffer.alloc(numberBytes * (numbers.length + 1));
  const body = Buffer.concat([...texts, input]);
  [head.length - numberBytes + body.length, ...numbers].forEach((number, i) => {
    if (isLittle) head.writeUInt32LE(number, i * numberBytes);
    else head.writeUInt32BE(number, i * numberBytes);
  });
  return Buffer.concat([head, body]);
}

/** Cuts a stream of bytes into answers. */
export function createHookAnswers(onAnswer: (answer: HookAnswer) => void): (chunk: Buffer) => void {
  let received: Buffer = Buffer.alloc(0);
  const numberAt = (index: number): number =>
    isLittle
      ? received.readUInt32LE(index * numberBytes)
      : received.readUInt32BE(index * numberBytes);
  return (chunk) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= numberBytes) {
      const length = numberBytes + numberAt(0);
      if (received.length < length) return;
      const end = ends[numberAt(2)];
      assert(end !== undefined, "the hook helper knows how a program can end");
      onAnswer({
        ...{ id: numberAt(1), end, value: numberAt(3), isTimedOut: numberAt(4) !== 0 },
        stderr: received.subarray(numberBytes * (headNumbers + 1), length).toString("utf8"),
      });
      received = received.subarray(length);
    }
  };
}
