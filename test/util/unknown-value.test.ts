// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { memberOf, textMember, toList } from "../../daemon/util/unknown-value.ts";

const rows = [
  { name: "a member", value: { a: 1 }, member: 1 },
  { name: "no such member", value: { b: 1 }, member: undefined },
  {
    name: "an inherited one is none",
    value: Object.create({ a: 1 }) as unknown,
    member: undefined,
  },
  { name: "null has none", value: null, member: undefined },
  { name: "text has none", value: "a", member: undefined },
  { name: "nothing has none", value: undefined, member: undefined },
];
for (const { name, value, member } of rows) {
  t.test(name, (t) => {
    t.equal(memberOf(value, "a"), member);
    t.end();
  });
}

t.test("text is told from what is none", (t) => {
  t.equal(textMember({ a: "x" }, "a"), "x");
  t.equal(textMember({ a: 1 }, "a"), undefined);
  t.end();
});

t.test("a list is told from what is none", (t) => {
  t.strictSame(toList([1]), [1]);
  t.strictSame(toList({ length: 1 }), []);
  t.end();
});
