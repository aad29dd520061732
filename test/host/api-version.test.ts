// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { chooseApiVersion } from "../../daemon/host/api-version.ts";

const rows = [
  { name: "the oldest engine that will do", newest: "1.40", oldest: "1.12", chosen: "1.40" },
  { name: "an engine between the two", newest: "1.41", oldest: "1.12", chosen: "1.41" },
  { name: "an engine newer than this program", newest: "1.60", oldest: "1.44", chosen: "1.51" },
  {
    name: "an engine that has left our newest behind",
    newest: "1.70",
    oldest: "1.60",
    chosen: "1.60",
  },
  {
    name: "an engine that does not name its oldest",
    newest: "1.45",
    oldest: undefined,
    chosen: "1.45",
  },
  { name: "an engine that is too old", newest: "1.39", oldest: "1.12", chosen: undefined },
  { name: "1.9 is older than 1.40", newest: "1.9", oldest: "1.1", chosen: undefined },
  { name: "another major version", newest: "2.0", oldest: "1.12", chosen: undefined },
  { name: "no version at all", newest: "", oldest: "", chosen: undefined },
  { name: "words for digits", newest: "1.x", oldest: "1.12", chosen: undefined },
];
for (const { name, newest, oldest, chosen } of rows) {
  t.test(name, (t) => {
    t.equal(chooseApiVersion(newest, oldest), chosen);
    t.end();
  });
}
