// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import {
  defaultRetryLimits,
  pauseBeforeRetry,
  readRetryAfter,
} from "../../daemon/outputs/retry.ts";

const limits = {
  ...defaultRetryLimits,
  firstPauseMs: 100,
  pauseMaxMs: 1000,
  retryAfterMaxMs: 5000,
};

const pauses = [
  { name: "the first pause, least", attempt: 1, random: 0, ms: 0 },
  { name: "the first pause, most", attempt: 1, random: 1, ms: 100 },
  { name: "each pause is twice the last", attempt: 3, random: 1, ms: 400 },
  { name: "a pause is bounded", attempt: 60, random: 1, ms: 1000 },
];
for (const { name, attempt, random, ms } of pauses) {
  t.test(name, (t) => {
    t.equal(
      pauseBeforeRetry({ attempt }, limits, () => random),
      ms,
    );
    t.end();
  });
}

const nowMs = Date.parse("2026-01-02T03:04:05Z");
const headers = [
  { name: "no header", value: undefined, ms: undefined },
  { name: "an empty header", value: "", ms: undefined },
  { name: "seconds", value: "2", ms: 2000 },
  { name: "a negative number", value: "-2", ms: undefined },
  { name: "a date", value: "Fri, 02 Jan 2026 03:04:15 GMT", ms: 10_000 },
  { name: "a date that is past", value: "Fri, 02 Jan 2026 03:00:00 GMT", ms: 0 },
  { name: "nonsense", value: "soon", ms: undefined },
];
for (const { name, value, ms } of headers) {
  t.test(`Retry-After: ${name}`, (t) => {
    t.equal(readRetryAfter(value, nowMs), ms);
    t.end();
  });
}

t.test("what the receiver asks for goes before, within bounds", (t) => {
  t.equal(pauseBeforeRetry({ attempt: 9, retryAfterMs: 7 }, limits), 7);
  t.equal(pauseBeforeRetry({ attempt: 1, retryAfterMs: 1e9 }, limits), 5000);
  t.end();
});
