// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import type { Container } from "../../daemon/model/container.ts";
import { parseNeverEntry, sparedBy } from "../../daemon/policy/never.ts";
import { container, hex64, image } from "./samples.ts";

const rows: readonly [name: string, text: string, container: Partial<Container>, holds: boolean][] =
  [
    ["a name", "name:registry", { name: "registry" }, true],
    ["a name is whole", "name:registry", { name: "registry-2" }, false],
    ["a glob of names", "name:registry*", { name: "registry-2" }, true],
    ["a name with a colon", "name:a:b", { name: "a:b" }, true],
    ["a label", "label:a.b=c", { labels: { "a.b": "c" } }, true],
    ["a label's value with an equals sign", "label:a=b=c", { labels: { a: "b=c" } }, true],
    ["an empty label", "label:a=", { labels: { a: "" } }, true],
    ["a label that is not there", "label:a=", {}, false],
    ["a label of another value", "label:a=b", { labels: { a: "c" } }, false],
    ["a label with any value", "label:a.b", { labels: { "a.b": "" } }, true],
    ["a label of an object's own kind", "label:constructor", {}, false],
    ["a compose project", "compose:shop", { compose: { project: "shop", service: "web" } }, true],
    ["a service of it", "compose:shop/db", { compose: { project: "shop", service: "db" } }, true],
    ["another service", "compose:shop/db", { compose: { project: "shop", service: "web" } }, false],
    [
      "a glob of projects",
      "compose:prod-*",
      { compose: { project: "prod-1", service: "x" } },
      true,
    ],
    ["no compose project", "compose:*", {}, false],
    ["an image", "image:nginx", { image: image("nginx:1.27") }, true],
    ["an image's tag", "image:nginx:1.26", { image: image("nginx:1.27") }, false],
    ["a glob of images", "image:ghcr.io/**", { image: image("ghcr.io/a/b") }, true],
    ["an image elsewhere", "image:nginx", { image: image("evil.io/library/nginx") }, false],
    ["an id", `id:${hex64("c")}`, {}, true],
    ["the head of an id", `id:${hex64("c").slice(0, 12)}`, {}, true],
    ["another id", `id:${hex64("d").slice(0, 12)}`, {}, false],
  ];

for (const [name, text, subject, holds] of rows) {
  t.test(name, (t) => {
    const result = parseNeverEntry(text);
    if (!("entry" in result)) throw new Error(result.problem);
    t.equal(result.entry.text, text);
    t.equal(sparedBy([result.entry], container(subject)) === result.entry, holds);
    t.equal(sparedBy([result.entry], undefined), undefined, "never outside of containers");
    t.end();
  });
}

const forms =
  "expected name:GLOB, label:KEY, label:KEY=VALUE, image:PATTERN, compose:PROJECT, compose:PROJECT/SERVICE or id:HEX";
const bad: readonly [text: string, problem: string][] = [
  ["", forms],
  ["registry", forms],
  [":registry", forms],
  ["Name:x", forms],
  ["name:", "the name is missing"],
  ["label:", "expected label:KEY or label:KEY=VALUE"],
  ["label:=a", "expected label:KEY or label:KEY=VALUE"],
  ["compose:", "expected compose:PROJECT or compose:PROJECT/SERVICE"],
  ["compose:a/", "expected compose:PROJECT or compose:PROJECT/SERVICE"],
  ["compose:a/b/c", "expected compose:PROJECT or compose:PROJECT/SERVICE"],
  ["id:abc", "a container id is 12 to 64 digits of 0-9 and a-f"],
  [`id:${hex64("a")}0`, "a container id is 12 to 64 digits of 0-9 and a-f"],
  ["id:ABCDEF012345", "a container id is 12 to 64 digits of 0-9 and a-f"],
];

for (const [text, problem] of bad) {
  t.test(`not an entry: ${text}`, (t) => {
    t.strictSame(parseNeverEntry(text), { problem });
    t.end();
  });
}
