// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { LookAlikes } from "../../daemon/enrich/look-alikes.ts";

const pairs: readonly [name: string, other: string, isAlike: boolean][] = [
  ["shop-web-1", "shop_web_1", true],
  ["registry", "reg1stry", true],
  ["registry", "Registry", true],
  ["postgres0", "postgreso", true],
  ["database", "data-base", true],
  ["moby", "rnoby", true],
  ["web", "vveb", true],
  ["web-1", "web-2", false],
  ["shop-web-1", "shop-web-11", false],
  ["registry", "registry-mirror", false],
];
for (const [name, other, isAlike] of pairs) {
  t.test(`${name} and ${other} ${isAlike ? "look alike" : "differ"}`, (t) => {
    const names = new LookAlikes();
    names.set("a", name);
    names.set("b", other);
    t.equal(names.find("b", other), isAlike ? name : undefined);
    t.end();
  });
}

t.test("a name that is free again is nobody's", (t) => {
  const names = new LookAlikes();
  names.set("a", "web");
  t.equal(names.find("a", "web"), undefined, "nobody looks like itself");
  names.set("a", "other");
  t.equal(names.find("b", "WEB"), undefined, "renamed");
  names.set("a", "web");
  names.delete("a");
  names.delete("a");
  t.equal(names.find("b", "web"), undefined, "gone");
  t.end();
});
