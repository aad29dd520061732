// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { parseImageReference } from "../../daemon/model/image-reference.ts";

const hex = "0123456789abcdef".repeat(4);

const good: readonly [name: string, text: string, parts: Record<string, unknown>][] = [
  [
    "a short name is in docker.io/library",
    "alpine",
    { repository: "alpine", normalizedRepository: "docker.io/library/alpine", isId: false },
  ],
  [
    "a tag is cut off",
    "byrnedo/alpine-curl:0.1.8",
    {
      repository: "byrnedo/alpine-curl",
      normalizedRepository: "docker.io/byrnedo/alpine-curl",
      tag: "0.1.8",
    },
  ],
  [
    "tag and digest together",
    `alpine:3.19@sha256:${hex}`,
    { repository: "alpine", tag: "3.19", digest: `sha256:${hex}` },
  ],
  [
    "a port is no tag",
    "registry.example.com:5000/team/app",
    { repository: "registry.example.com:5000/team/app", tag: undefined },
  ],
  [
    "port and tag",
    "localhost:5000/app:v1",
    { normalizedRepository: "localhost:5000/app", tag: "v1" },
  ],
  ["localhost is a registry", "localhost/app", { normalizedRepository: "localhost/app" }],
  ["a host with a dot is a registry", "ghcr.io/app", { normalizedRepository: "ghcr.io/app" }],
  [
    "a first component without a dot is a path",
    "ghcr/app",
    { normalizedRepository: "docker.io/ghcr/app" },
  ],
  ["capitals make a registry", "MyHost/app", { normalizedRepository: "MyHost/app" }],
  [
    "the hub's old name is docker.io",
    "index.docker.io/alpine",
    { normalizedRepository: "docker.io/library/alpine", repository: "index.docker.io/alpine" },
  ],
  [
    "docker.io with a short name gets library/",
    "docker.io/alpine",
    { normalizedRepository: "docker.io/library/alpine" },
  ],
  [
    "an IPv6 registry",
    "[2001:db8::1]:5000/app",
    { normalizedRepository: "[2001:db8::1]:5000/app" },
  ],
  ["all separators", "a.b/c_d/e__f/g---h", { normalizedRepository: "a.b/c_d/e__f/g---h" }],
  ["a tag of 128 characters", `app:${"t".repeat(128)}`, { tag: "t".repeat(128) }],
  ["a sha512 digest", `app@sha512:${hex}${hex}`, { digest: `sha512:${hex}${hex}` }],
  [
    "sha256: and 64 hex is an id",
    `sha256:${hex}`,
    { isId: true, normalizedRepository: `sha256:${hex}`, digest: undefined, tag: undefined },
  ],
  ["64 bare hex is an id", hex, { isId: true, normalizedRepository: `sha256:${hex}` }],
  [
    "a short id is read as a name",
    "0123456789ab",
    { isId: false, normalizedRepository: "docker.io/library/0123456789ab" },
  ],
];

for (const [name, text, parts] of good) {
  t.test(name, (t) => {
    t.match(parseImageReference(text), parts);
    for (const [key, value] of Object.entries(parts))
      t.equal(new Map(Object.entries(parseImageReference(text) ?? {})).get(key), value, key);
    t.end();
  });
}

const bad: readonly [name: string, text: string][] = [
  ["nothing", ""],
  ["only a tag", ":latest"],
  ["only a digest", `@sha256:${hex}`],
  ["a capital in the path", "docker.io/Alpine"],
  ["a capital in a short name", "Alpine"],
  ["two dots", "a..b"],
  ["three underscores", "a___b"],
  ["mixed separators", "a-_b"],
  ["a leading separator", "-app"],
  ["a trailing separator", "app-"],
  ["an empty component", "a//b"],
  ["a trailing slash", "a/"],
  ["a leading slash", "/a"],
  ["an empty tag", "app:"],
  ["a tag that starts with a dot", "app:.1"],
  ["a tag with a plus", "app:1+2"],
  ["a tag of 129 characters", `app:${"t".repeat(129)}`],
  ["a digest without hex", "app@sha256:"],
  ["a digest one short", `app@sha256:${hex.slice(1)}`],
  ["a digest in capitals", `app@sha256:${hex.toUpperCase()}`],
  ["an unknown algorithm", `app@md5:${hex}`],
  ["two digests", `app@sha256:${hex}@sha256:${hex}`],
  ["a blank", "my app"],
  ["a line feed", "app\n"],
  ["a letter that only looks like one", "аlpine"],
  ["an empty port", "localhost:/app"],
  ["a port of letters", "localhost:http/app"],
  ["a host that starts with a hyphen", "-a.example.com/app"],
  ["a host with two dots", "a..example.com/app"],
  ["an open bracket", "[::1/app"],
  ["a path of 256 characters", `x.io/${"a".repeat(256)}`],
  ["a scheme", "https://registry.example.com/app"],
  ["a glob", "registry.example.com/*"],
];

for (const [name, text] of bad) {
  t.test(`not a reference: ${name}`, (t) => {
    t.equal(parseImageReference(text), undefined);
    t.end();
  });
}
