// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { assert, unreachable } from "../../daemon/util/assert.ts";

t.test("what holds is nothing, what does not is the program's own fault", (t) => {
  t.doesNotThrow(() => {
    assert(true, "never said");
  });
  t.throws(
    () => {
      assert(false, "names differ");
    },
    { message: "assertion failed: names differ" },
  );
  t.end();
});

t.test("a value that no branch expects is named", (t) => {
  // Only a wrong program gets here: the compiler allows no value at all.
  t.throws(() => unreachable({ kind: "odd" } as never), {
    message: 'assertion failed: unexpected {"kind":"odd"}',
  });
  t.end();
});
