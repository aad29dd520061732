// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { hidesBodies } from "../../plugin/hidden-bodies.ts";

t.test("engines before 29.3.1 hide bodies", (t) => {
  const hiding = [
    "20.10.24+dfsg1",
    "26.1.5",
    "29.3.0",
    "29.2.9",
    "28.9.9",
    "9.9.9",
    "29.3",
    "",
    "dev",
  ];
  const showing = ["29.3.1", "29.3.2-rc.1", "29.4", "29.4.0", "30.0.0", "v29.3.1", "100.0.0"];
  for (const version of hiding) t.ok(hidesBodies(version), version);
  for (const version of showing) t.notOk(hidesBodies(version), version);
  t.end();
});
