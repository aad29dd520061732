// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import type { Container, Image } from "../../daemon/model/container.ts";
import {
  allowlistMacros,
  allowlistsOf,
  programListsOf,
  readAllowlist,
} from "../../daemon/policy/allowlist.ts";
import { container, faultLines, hex64, image } from "./samples.ts";

const digest = `sha256:${hex64("d")}`;
const otherDigest = `sha256:${hex64("e")}`;

function isAllowed(list: string, subject: Container): boolean {
  const text = `allowlists:\n  web_fetch: ${list}\n`;
  const { allowlists, diagnostics } = readAllowlist({ name: "allowlist.yaml", text });
  t.same(diagnostics, [], `reads ${list}`);
  return allowlistsOf(subject, allowlists).has("web_fetch");
}

const images: readonly [name: string, entry: string, image: Image, isAllowed: boolean][] = [
  ["a short name is the hub's library", "alpine", image("docker.io/library/alpine"), true],
  ["a name without a tag is any tag", "byrnedo/alpine-curl", image("byrnedo/alpine-curl:1"), true],
  [
    "the hub may be spelled out",
    "docker.io/byrnedo/alpine-curl",
    image("byrnedo/alpine-curl"),
    true,
  ],
  ["the same name elsewhere is another image", "alpine", image("evil.example.net/alpine"), false],
  [
    "the same path elsewhere is another image",
    "library/alpine",
    image("evil.io/library/alpine"),
    false,
  ],
  ["a longer name is another image", "byrnedo/alpine-curl", image("byrnedo/alpine-curl2"), false],
  ["a deeper name is another image", "byrnedo/alpine", image("x.io/byrnedo/alpine"), false],
  ["a tag must be the same", "alpine:3.19", image("alpine:3.20"), false],
  ["a tag that is the same", "alpine:3.19", image("docker.io/alpine:3.19"), true],
  ["without a tag the engine took latest", "alpine:latest", image("alpine"), true],
  ["by digest the engine took no tag", "alpine:latest", image(`alpine@${digest}`), false],
  ["by id the engine took no tag", "'**:latest'", image(`sha256:${hex64("1")}`), false],
  ["a tag is no prefix", "alpine:3", image("alpine:3.19"), false],
  [
    "a glob stays within a component",
    "registry.example.com/build/*",
    image("registry.example.com/build/app:1"),
    true,
  ],
  [
    "a glob does not go deeper",
    "registry.example.com/build/*",
    image("registry.example.com/build/a/b"),
    false,
  ],
  [
    "two stars go deeper",
    "registry.example.com/build/**",
    image("registry.example.com/build/a/b"),
    true,
  ],
  [
    "a registry that begins alike",
    "registry.example.com/**",
    image("registry.example.com.evil.net/build/app"),
    false,
  ],
  [
    "a path that holds the registry's name",
    "registry.example.com/**",
    image("evil.net/registry.example.com/app"),
    false,
  ],
  [
    "the same registry at another port",
    "registry.example.com/**",
    image("registry.example.com:5000/app"),
    false,
  ],
  ["a glob on a port", "localhost:5000/*", image("localhost:5000/app:v1"), true],
  ["a short glob is the hub's", "'byrnedo/*'", image("byrnedo/alpine-curl"), true],
  ["a short glob is nobody else's", "'byrnedo/*'", image("evil.io/byrnedo/alpine-curl"), false],
  ["a star alone is the hub's library", "'*'", image("alpine"), true],
  ["a star alone is not everything", "'*'", image("byrnedo/alpine-curl"), false],
  ["hosts of one domain", "'*.example.com/app'", image("eu.example.com/app"), true],
  ["hosts of another domain", "'*.example.com/app'", image("example.com.evil.net/app"), false],
  ["a host that only ends alike", "'*.example.com/app'", image("evilexample.com/app"), false],
  ["a glob with a tag", "'byrnedo/*:v1'", image("byrnedo/alpine-curl:v1"), true],
  ["a glob with another tag", "'byrnedo/*:v1'", image("byrnedo/alpine-curl:v2"), false],
  ["a digest", `alpine@${digest}`, image("alpine", { digest, digests: [digest] }), true],
  [
    "a digest among several",
    `alpine@${digest}`,
    image("alpine", { digest: otherDigest, digests: [otherDigest, digest] }),
    true,
  ],
  [
    "another digest under the same name",
    `alpine@${digest}`,
    image("alpine", { digest: otherDigest, digests: [otherDigest] }),
    false,
  ],
  ["a digest that is not known", `alpine@${digest}`, image(`alpine:3.19`), false],
  [
    "the same bytes under another name",
    `alpine@${digest}`,
    image("mirror.example.com/alpine", { digest, digests: [digest] }),
    true,
  ],
  [
    "a tag beside a digest says nothing, as for the engine",
    `alpine:1@${digest}`,
    image("alpine:2", { digest }),
    true,
  ],
  ["an image id", `sha256:${hex64("1")}`, image("anything"), true],
  ["another image id", `sha256:${hex64("2")}`, image("anything"), false],
  ["a digest is no image id", digest, image("alpine", { digest, digests: [digest] }), false],
];

for (const [name, entry, subject, expected] of images) {
  t.test(name, (t) => {
    const list = `{ images: [${entry.includes("*") && !entry.startsWith("'") ? `'${entry}'` : entry}] }`;
    t.equal(isAllowed(list, container({ image: subject })), expected);
    t.end();
  });
}

const team = { "com.example.team": "platform" };
const baked = image("alpine", { labels: team });
const rows: readonly [name: string, list: string, container: Container, isAllowed: boolean][] = [
  [
    "labels of the image count",
    "{ labels: { com.example.team: platform } }",
    container({ image: baked, labels: team }),
    true,
  ],
  [
    "labels given to docker run do not",
    "{ labels: { com.example.team: platform } }",
    container({ labels: team }),
    false,
  ],
  [
    "unless they are asked for",
    "{ labels: { com.example.team: platform }, labels_from: container }",
    container({ labels: team }),
    true,
  ],
  [
    "an image's label overridden by docker run still is the image's",
    "{ labels: { com.example.team: platform } }",
    container({ image: baked, labels: { "com.example.team": "x" } }),
    true,
  ],
  [
    "all labels must hold",
    "{ labels: { com.example.team: platform, b: c } }",
    container({ image: baked }),
    false,
  ],
  [
    "a label has its exact value",
    "{ labels: { com.example.team: Platform } }",
    container({ image: baked }),
    false,
  ],
  [
    "a label that every object has is no label",
    "{ labels: { constructor: x } }",
    container({ image: baked }),
    false,
  ],
  [
    "images and labels must both hold",
    "{ images: [nginx], labels: { com.example.team: platform } }",
    container({ image: baked }),
    false,
  ],
  [
    "images and labels both hold",
    "{ images: [alpine], labels: { com.example.team: platform } }",
    container({ image: baked }),
    true,
  ],
  ["an empty list allows nobody", "{}", container({ image: baked }), false],
  ["a list that is commented out allows nobody", "", container({ image: baked }), false],
  [
    "no images allow nobody, whatever labels say",
    "{ images: [], labels: { com.example.team: platform } }",
    container({ image: baked }),
    false,
  ],
];

for (const [name, list, subject, expected] of rows) {
  t.test(name, (t) => {
    t.equal(isAllowed(list, subject), expected);
    t.end();
  });
}

t.test("a container that is not known is on no list", (t) => {
  const { allowlists } = readAllowlist({
    name: "a",
    text: "allowlists: { a: { images: ['**'] } }",
  });
  t.same(allowlistsOf(undefined, allowlists), new Set());
  t.end();
});

t.test("a container may be on several lists", (t) => {
  const text =
    "allowlists: { a: { images: [alpine] }, b: { images: [nginx] }, c: { images: [alpine] } }";
  const { allowlists } = readAllowlist({ name: "a", text });
  t.same([...allowlistsOf(container({ image: baked }), allowlists)], ["a", "c"]);
  t.end();
});

t.test("each list is a macro for rules", (t) => {
  const { allowlists } = readAllowlist({ name: "a", text: "allowlists: { web_fetch: , B2: }" });
  t.strictSame(
    [...allowlistMacros(allowlists)],
    [
      ["allowed_web_fetch", "container.allowlisted[web_fetch] = true"],
      ["allowed_B2", "container.allowlisted[B2] = true"],
    ],
  );
  t.end();
});

t.test("every fault is told at its place, and nothing is allowed", (t) => {
  const text = `allowlists:
  web-fetch: {}
  1a: { images: [alpine] }
  web_fetch:
    images:
      - Alpine
      - registry.*/x
      - alpine@sha256:abc
      - "**@${digest}"
      - "*:+"
      - a b*
    label: { a: b }
    labels: { a: 1 }
    labels_from: images
allowlist: {}
`;
  const { allowlists, diagnostics } = readAllowlist({ name: "f", text });
  t.same(allowlists, []);
  const macro =
    "it becomes the macro allowed_NAME, so it is a letter and then letters, digits or _";
  const form =
    "expected an image such as alpine, docker.io/library/alpine:3.20 or registry.example.com/build/*";
  t.same(faultLines(diagnostics), [
    `f:2:3 wrong-key: cannot name an allowlist "web-fetch": ${macro}`,
    `f:3:3 wrong-key: cannot name an allowlist "1a": ${macro}`,
    'f:6:9 wrong-value: cannot read the image "Alpine": the path of an image is in lower case',
    'f:7:9 wrong-value: cannot read the image "registry.*/x": a registry may have one * at its start, as in *.example.com/team/*',
    'f:8:9 wrong-value: cannot read the image "alpine@sha256:abc": a digest is sha256: and 64 digits of 0-9 and a-f',
    `f:9:9 wrong-value: cannot read the image "**@${digest}": a digest names one image: leave out the *`,
    'f:10:9 wrong-value: cannot read the image "*:+": the tag "+" is none: a tag is up to 128 letters, digits, _ . or -',
    `f:11:9 wrong-value: cannot read the image "a b*": ${form}`,
    'f:12:5 unknown-key: cannot use the key "allowlists.web_fetch.label" here: did you mean "labels"?',
    'f:13:18 wrong-value: cannot read "allowlists.web_fetch.labels.a": expected text, got 1: put it in quotes',
    'f:14:18 wrong-value: cannot read "allowlists.web_fetch.labels_from": expected image or container, got "images"; did you mean "image"?',
    'f:15:1 unknown-key: cannot use the key "allowlist" here: did you mean "allowlists"?',
  ]);
  t.end();
});

t.test("what runs in the containers of a list", (t) => {
  const text = `allowlists:
  a: { images: [alpine], programs: [/bin/ls, "/usr/**"], only_from_image: true }
  b: { labels: { com.example.team: platform }, only_from_image: true }
  c: { images: [alpine] }
  d: { images: [nginx], programs: [] }
`;
  const { allowlists, diagnostics } = readAllowlist({ name: "a", text });
  t.same(diagnostics, []);
  t.match(programListsOf(container({ image: baked }), allowlists), [
    { isFromImageOnly: true, entries: { paths: new Set(["/bin/ls"]), others: [{}] } },
    { isFromImageOnly: true, entries: undefined },
  ]);
  t.match(programListsOf(container({ image: image("nginx") }), allowlists), [
    { isFromImageOnly: false, entries: { paths: new Set() } },
  ]);
  t.same(programListsOf(container({ image: image("redis") }), allowlists), []);
  t.same(programListsOf(undefined, allowlists), []);
  t.end();
});

t.test("faults of programs are told at their places", (t) => {
  const text = `allowlists:
  a:
    images: [alpine]
    programs:
      - curl
      - "/bin/busybox l*"
      - 1
    only_from_image: yes please
  b: { programs: [/bin/ls] }
  c: { only_from_image: true }
`;
  const { allowlists, diagnostics } = readAllowlist({ name: "f", text });
  t.same(allowlists, []);
  t.match(faultLines(diagnostics), [
    /^f:5:9 wrong-value: cannot read the program "curl": expected a path of the image such as/,
    'f:6:9 wrong-value: cannot read the program "/bin/busybox l*": an applet is a name without / and *, such as ls',
    'f:7:9 wrong-value: cannot read item 3 of "allowlists.a.programs": expected text, got 1: put it in quotes',
    'f:8:22 wrong-value: cannot read "allowlists.a.only_from_image": expected true or false, got "yes please"',
    'f:9:18 wrong-value: cannot use "programs" here: the list names no containers; add images or labels',
    'f:10:25 wrong-value: cannot use "only_from_image" here: the list names no containers; add images or labels',
  ]);
  t.end();
});
