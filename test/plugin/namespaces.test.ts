// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { followNamespaces, type NamespaceModes } from "../../plugin/namespaces.ts";

const none: NamespaceModes = {
  networkMode: "default",
  pidMode: "",
  ipcMode: "private",
  utsMode: "",
};

t.test("joining a container is having what it has", async (t) => {
  const containers: Readonly<Record<string, Partial<NamespaceModes>>> = {
    plain: {},
    monitor: { pidMode: "host", networkMode: "host" },
    second: { pidMode: "container:monitor", networkMode: "container:plain" },
    third: { pidMode: "container:second" },
    loop: { pidMode: "container:loop" },
  };
  const asked: string[] = [];
  const follow = (given: Partial<NamespaceModes>): ReturnType<typeof followNamespaces> =>
    followNamespaces({ ...none, ...given }, (reference) => {
      asked.push(reference);
      const found = containers[reference];
      return Promise.resolve(found === undefined ? undefined : { ...none, ...found });
    });
  const rows: readonly (readonly [given: Partial<NamespaceModes>, found: object, joins: string])[] =
    [
      [{ pidMode: "host" }, { pidMode: "host" }, ""],
      [{ pidMode: "container:plain" }, { pidMode: "container:plain" }, "plain"],
      [{ pidMode: "container:monitor" }, { pidMode: "host", networkMode: "default" }, "monitor"],
      [{ ipcMode: "container:monitor" }, { ipcMode: "container:monitor" }, "monitor"],
      [{ networkMode: "container:monitor" }, { networkMode: "host" }, "monitor"],
      [{ networkMode: "container:second" }, { networkMode: "container:second" }, "second plain"],
      [{ pidMode: "container:third" }, { pidMode: "host" }, "third second monitor"],
      [{ pidMode: "container:nobody" }, { pidMode: "container:nobody" }, "nobody"],
      [{ pidMode: "container:" }, { pidMode: "container:" }, ""],
      [{ pidMode: "container:loop" }, { pidMode: "host" }, "loop"],
    ];
  for (const [given, modes, joins] of rows) {
    const found = await follow(given);
    t.match(found.modes, modes, JSON.stringify(given));
    t.equal(found.joins.join(" "), joins);
  }
  t.ok(asked.length < 40, "a loop has an end");
});
