// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import t from "tap";
import type { ExecEvent } from "../../daemon/model/event.ts";
import { loadTexts, ruleText } from "./load-text.ts";
import { sampleEvent } from "./sample-event.ts";

interface Condition {
  readonly text: string;
  readonly isTrue: (event: ExecEvent) => boolean;
}

const atoms: readonly Condition[] = [
  { text: "proc.name = a", isTrue: ({ process }) => process.comm === "a" },
  { text: "proc.name in (b, c)", isTrue: ({ process }) => ["b", "c"].includes(process.comm) },
  { text: "proc.name != a", isTrue: ({ process }) => process.comm !== "a" },
  { text: "proc.name startswith b", isTrue: ({ process }) => process.comm.startsWith("b") },
  { text: "evt.type = execve", isTrue: ({ syscall }) => syscall === "execve" },
  { text: "evt.type in (execveat, open)", isTrue: ({ syscall }) => syscall === "execveat" },
  { text: "evt.type != execve", isTrue: ({ syscall }) => syscall !== "execve" },
  { text: "container", isTrue: ({ container }) => container !== undefined },
  { text: "fd.name != x", isTrue: () => false },
  { text: "user.uid = 5", isTrue: ({ process }) => process.uid === 5 },
];

const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(...atoms),
    tie("condition").map((inner): Condition => ({
      text: `not (${inner.text})`,
      isTrue: (event) => !inner.isTrue(event),
    })),
    fc.array(tie("condition"), { minLength: 2, maxLength: 3 }).map((parts): Condition => ({
      text: parts.map(({ text }) => `(${text})`).join(" and "),
      isTrue: (event) => parts.every((part) => part.isTrue(event)),
    })),
    fc.array(tie("condition"), { minLength: 2, maxLength: 3 }).map((parts): Condition => ({
      text: parts.map(({ text }) => `(${text})`).join(" or "),
      isTrue: (event) => parts.some((part) => part.isTrue(event)),
    })),
  ),
}));

const event = fc
  .record({
    comm: fc.constantFrom("a", "b", "c", "bb", "z"),
    syscall: fc.constantFrom("execve" as const, "execveat" as const),
    isOnHost: fc.boolean(),
    uid: fc.constantFrom(0, 5),
  })
  .map(({ comm, syscall, isOnHost, uid }) =>
    sampleEvent({ process: { comm, uid }, event: { syscall }, isOnHost }),
  );

t.test("indexes and folding never change which rules match", (t) => {
  fc.assert(
    fc.property(
      fc.array(condition, { minLength: 1, maxLength: 5 }),
      fc.array(event, { minLength: 1, maxLength: 10 }),
      (conditions, events) => {
        const text = conditions.map((item, i) => ruleText(item.text, "", `R${String(i)}`)).join("");
        const ruleset = loadTexts([text]);
        for (const subject of events) {
          const expected = conditions.flatMap((item, i) =>
            item.isTrue(subject) ? `R${String(i)}` : [],
          );
          t.strictSame(
            ruleset.match(subject).map(({ name }) => name),
            expected,
          );
        }
      },
    ),
    { numRuns: 300 },
  );
  t.end();
});
