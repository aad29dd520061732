// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import t from "tap";
import {
  mergeFacts,
  readAttributes,
  readDetails,
  readSummary,
} from "../../daemon/enrich/container-facts.ts";
import {
  labelsLengthMax,
  readLabels,
  readOrchestration,
} from "../../daemon/enrich/container-labels.ts";
import { readEngineEvent } from "../../daemon/enrich/engine-event.ts";
import { parseEngineTime } from "../../daemon/enrich/engine-time.ts";
import { readImageFacts, toImage } from "../../daemon/enrich/image-facts.ts";

const id = "c".repeat(64);
const imageId = `sha256:${"1".repeat(64)}`;

const details = {
  Id: id,
  Name: "/web",
  Created: "2026-01-02T03:04:05.000000006Z",
  Image: imageId,
  Config: {
    ...{ Image: "byrnedo/alpine-curl", User: "app", Labels: { team: "red" } },
    Healthcheck: { Test: ["CMD-SHELL", "curl -f localhost"] },
  },
  HostConfig: { NetworkMode: "host", Privileged: true, PidMode: "host", IpcMode: "private" },
  State: { Status: "running", Pid: 42, StartedAt: "2026-01-02T03:04:06Z" },
  Mounts: [
    {
      Type: "bind",
      Source: "/a",
      Destination: "/b",
      Mode: "ro",
      RW: false,
      Propagation: "rprivate",
    },
  ],
  GraphDriver: { Name: "overlay2", Data: { MergedDir: "/var/lib/docker/overlay2/x/merged" } },
};

t.test("inspect's answer is read whole", (t) => {
  t.strictSame(readDetails(details), {
    id,
    facts: {
      name: "web",
      imageReference: "byrnedo/alpine-curl",
      imageId,
      labels: { team: "red" },
      mounts: [
        {
          ...{ type: "bind", source: "/a", destination: "/b", mode: "ro" },
          ...{ isReadWrite: false, propagation: "rprivate" },
        },
      ],
      networkMode: "host",
      sharesHostPid: true,
      sharesHostIpc: false,
      isPrivileged: true,
      user: "app",
      rootDirectory: "/var/lib/docker/overlay2/x/merged",
      healthcheck: ["/bin/sh", "-c", "curl -f localhost"],
      createdNs: 1_767_323_045_000_000_006n,
    },
    lifecycle: { state: "running", pid: 42, startedNs: 1_767_323_046_000_000_000n },
  });
  t.end();
});

t.test("an engine on containerd's images has no GraphDriver, and a dead container no pid", (t) => {
  const State = { Status: "exited", Pid: 0, StartedAt: "0001-01-01T00:00:00Z" };
  const answer = readDetails({ ...details, State, GraphDriver: undefined });
  t.equal(answer?.facts.rootDirectory, undefined);
  t.strictSame(answer?.lifecycle, { state: "dead", pid: undefined, startedNs: undefined });
  t.end();
});

t.test("the list's entry is read; names that are links are not its own", (t) => {
  const entry = {
    ...{ Id: id, Names: ["/other/alias", "/web"], Image: "alpine", ImageID: imageId },
    ...{ Labels: { team: "red" }, State: "paused", Created: 1_767_323_045 },
    HostConfig: { NetworkMode: "default" },
    Mounts: [],
  };
  t.match(readSummary(entry), {
    id,
    facts: {
      ...{ name: "web", imageReference: "alpine", imageId, labels: { team: "red" } },
      ...{ mounts: [], networkMode: "default", createdNs: 1_767_323_045_000_000_000n },
    },
    lifecycle: { state: "paused" },
  });
  t.end();
});

t.test("an event's attributes are name, image and labels", (t) => {
  const facts = readAttributes({ image: "alpine", name: "web", team: "red" });
  t.match(facts, { name: "web", imageReference: "alpine", labels: { team: "red" } });
  t.strictSame(Object.keys(facts.labels ?? {}), ["team"]);
  t.end();
});

t.test("labels that fill all the room do not push out name and image", (t) => {
  const facts = readAttributes({
    aaa: "x".repeat(labelsLengthMax - 3),
    image: "alpine",
    name: "web",
  });
  t.match(facts, { name: "web", imageReference: "alpine" });
  t.end();
});

t.test("newer facts lie over older ones, and what they do not tell stays", (t) => {
  const older = readDetails(details)?.facts ?? readAttributes({});
  const merged = mergeFacts(older, readAttributes({ name: "renamed", image: "alpine" }));
  t.match(merged, { name: "renamed", imageReference: "alpine", labels: {}, user: "app" });
  t.end();
});

t.test("labels", (t) => {
  t.strictSame(readLabels({ a: "1", b: 2, c: null }), { a: "1" }, "values that are no text go");
  t.equal(readLabels(["a"]), undefined);
  const big = readLabels({ a: "x".repeat(labelsLengthMax), b: "kept" });
  t.strictSame(big, { b: "kept" }, "one that is too big does not take the others with it");
  const hostile = readLabels(JSON.parse('{"__proto__": "x", "constructor": "y"}'));
  t.strictSame(Object.keys(hostile ?? {}), ["__proto__", "constructor"], "names are only names");
  t.equal(Object.getPrototypeOf(hostile), Object.prototype);
  t.end();
});

const orchestrators = [
  {
    name: "compose",
    labels: { "com.docker.compose.project": "shop", "com.docker.compose.service": "web" },
    expected: { compose: { project: "shop", service: "web" } },
  },
  {
    name: "half of compose is none",
    labels: { "com.docker.compose.project": "shop" },
    expected: {},
  },
  {
    name: "swarm",
    labels: {
      "com.docker.swarm.service.name": "web",
      "com.docker.swarm.task.name": "web.1.x",
      "com.docker.swarm.node.id": "n1",
    },
    expected: { swarm: { service: "web", task: "web.1.x", node: "n1" } },
  },
  {
    name: "kubernetes",
    labels: {
      "io.kubernetes.pod.name": "web-0",
      "io.kubernetes.pod.namespace": "shop",
      "io.kubernetes.pod.uid": "u1",
      "io.kubernetes.container.name": "web",
    },
    expected: { kubernetes: { namespace: "shop", pod: "web-0", container: "web", podUid: "u1" } },
  },
  { name: "inherited names are no labels", labels: {}, expected: {} },
];
for (const { name, labels, expected } of orchestrators) {
  t.test(`orchestration: ${name}`, (t) => {
    t.strictSame(readOrchestration(labels), expected);
    t.end();
  });
}

const times = [
  { text: "2026-01-02T03:04:05Z", ns: 1_767_323_045_000_000_000n },
  { text: "2026-01-02T03:04:05.5Z", ns: 1_767_323_045_500_000_000n },
  { text: "2026-01-02T03:04:05.123456789Z", ns: 1_767_323_045_123_456_789n },
  { text: "2026-01-02T04:04:05.000000001+01:00", ns: 1_767_323_045_000_000_001n },
  { text: "0001-01-01T00:00:00Z", ns: undefined },
  { text: "2026-01-02T03:04:05.1234567890Z", ns: undefined },
  { text: "yesterday", ns: undefined },
  { text: "", ns: undefined },
];
for (const { text, ns } of times) {
  t.test(`the time "${text}"`, (t) => {
    t.equal(parseEngineTime(text), ns);
    t.end();
  });
}

const digestA = `sha256:${"a".repeat(64)}`;
const digestB = `sha256:${"b".repeat(64)}`;
const image = readImageFacts({
  Id: imageId,
  RepoTags: ["byrnedo/alpine-curl:0.1.8", "mirror.example.com/curl:1"],
  RepoDigests: [`mirror.example.com/curl@${digestB}`, `byrnedo/alpine-curl@${digestA}`],
  Config: { Labels: { made: "here" }, User: "app" },
});
const untagged = readImageFacts({ Id: imageId, RepoTags: [], RepoDigests: [] });
const cafe = readImageFacts({ Id: imageId, RepoTags: ["1111:latest"] });

const imageRows = [
  {
    name: "a name gets its own repository's digest",
    ...{ reference: "byrnedo/alpine-curl:0.1.8", facts: image },
    expected: {
      repository: "byrnedo/alpine-curl",
      normalizedRepository: "docker.io/byrnedo/alpine-curl",
      ...{ tag: "0.1.8", digest: digestA, digests: [digestB, digestA], labels: { made: "here" } },
    },
  },
  {
    name: "a name without a tag means latest",
    ...{ reference: "byrnedo/alpine-curl", facts: undefined },
    expected: { repository: "byrnedo/alpine-curl", tag: "latest", digest: undefined, digests: [] },
  },
  {
    name: "a digest that was given is the digest, and implies no tag",
    ...{ reference: `byrnedo/alpine-curl@${digestB}`, facts: image },
    expected: { repository: "byrnedo/alpine-curl", tag: undefined, digest: digestB },
  },
  {
    name: "a full id gets the image's first name",
    ...{ reference: imageId, facts: image },
    expected: {
      reference: imageId,
      repository: "byrnedo/alpine-curl",
      tag: "0.1.8",
      digest: digestA,
    },
  },
  {
    name: "so does the beginning of an id",
    ...{ reference: "111111111111", facts: image },
    expected: { repository: "byrnedo/alpine-curl", tag: "0.1.8" },
  },
  {
    name: "a name that looks like the beginning of an id is a name",
    ...{ reference: "1111", facts: cafe },
    expected: { repository: "1111", normalizedRepository: "docker.io/library/1111", tag: "latest" },
  },
  {
    name: "an image without a name stays with its id",
    ...{ reference: imageId, facts: untagged },
    expected: { repository: imageId, normalizedRepository: imageId, tag: undefined },
  },
  {
    name: "before the image is known, the reference has to do",
    ...{ reference: "UPPER CASE", facts: undefined },
    expected: { repository: "UPPER CASE", normalizedRepository: "UPPER CASE", tag: undefined },
  },
];
for (const { name, reference, facts, expected } of imageRows) {
  t.test(`image: ${name}`, (t) => {
    t.match(toImage({ reference, id: undefined }, facts), expected);
    t.end();
  });
}

const healthchecks: readonly [config: object, argv: readonly string[] | undefined][] = [
  [{ Healthcheck: { Test: ["CMD", "/check", "-v"] } }, ["/check", "-v"]],
  [
    { Healthcheck: { Test: ["CMD-SHELL", "x y"] }, Shell: ["/bin/ash", "-c"] },
    ["/bin/ash", "-c", "x y"],
  ],
  [{ Healthcheck: { Test: ["NONE"] } }, undefined],
  [{ Healthcheck: { Test: "CMD" } }, undefined],
  [{}, undefined],
];
for (const [config, argv] of healthchecks) {
  t.test(`health check of ${JSON.stringify(config)}`, (t) => {
    t.strictSame(readDetails({ ...details, Config: config })?.facts.healthcheck, argv);
    t.end();
  });
}

t.test("no JSON whatever makes a reader throw", (t) => {
  const keys = [
    "Id",
    "Names",
    "Name",
    "State",
    "Config",
    "Labels",
    "Mounts",
    "Created",
    "RepoTags",
  ];
  const odd = fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom(...keys), fc.jsonValue()));
  const readers = [readDetails, readSummary, readAttributes, readImageFacts, readEngineEvent];
  fc.assert(
    fc.property(odd, (value) => {
      for (const read of readers) read(value);
      for (const read of readers) read(Object.assign({}, value, { Id: id, Actor: value }));
      for (const key of Object.keys(details)) readDetails({ ...details, [key]: value });
    }),
  );
  t.end();
});
