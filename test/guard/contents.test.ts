// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { Contents, type ContentQuestion } from "../../daemon/guard/contents.ts";
import { unknownContainer, type Container } from "../../daemon/model/container.ts";
import { gateRecord } from "../tracer/gate-records.ts";

const sum = "ab".repeat(32);
const container: Container = {
  ...unknownContainer("c".repeat(64)),
  image: { ...unknownContainer("").image, id: `sha256:${"1".repeat(64)}` },
  createdNs: 1_000n,
};
const shipped = gateRecord();
const copy = gateRecord({ file: { path: "/tmp/x", ctimeNs: 2_000n, inode: 9n } });

interface Asked {
  readonly contents: Contents;
  readonly waiting: ((digest: string | undefined) => void)[];
  readonly known: () => number;
}

function contentsFor(question: ContentQuestion, canDigest = true): Asked {
  const waiting: Asked["waiting"] = [];
  let known = 0;
  const contents = new Contents({
    question: () => question,
    digest: (_record, onDigest) => {
      if (canDigest) waiting.push(onDigest);
      return canDigest;
    },
    onKnown: () => {
      known += 1;
    },
  });
  return { contents, waiting, known: () => known };
}

t.test("nothing is looked at that no rule asks for", (t) => {
  const { contents, waiting } = contentsFor("nothing");
  t.equal(contents.isReady(copy, container, true), true);
  t.equal(contents.of(copy.file, container), undefined);
  t.equal(waiting.length, 0);
  t.end();
});

t.test("a file of the image needs no digest", (t) => {
  const { contents, waiting } = contentsFor("image-path");
  t.equal(contents.isReady(shipped, container, true), true);
  t.same(contents.of(shipped.file, container), { imagePath: "/usr/bin/curl" });
  t.equal(waiting.length, 0);
  t.end();
});

t.test("a copy is known by its digest, once", (t) => {
  const { contents, waiting, known } = contentsFor("image-path");
  t.equal(contents.isReady(copy, container, true), false, "the image is not listed yet");
  contents.setImage(container.image.id, [{ path: "/usr/bin/curl", size: 1_000, sha256: sum }]);
  t.equal(contents.isReady(copy, container, true), false, "its digest is taken");
  t.equal(contents.isReady(copy, container, true), false, "and not twice");
  t.equal(waiting.length, 1);
  waiting[0]?.(sum);
  t.equal(known(), 1);
  t.equal(contents.isReady(copy, container, true), true);
  t.same(contents.of(copy.file, container), { sha256: sum, imagePath: "/usr/bin/curl" });
  t.match(contents.counters(), { hashed: 1, unknown: 0 });
  const changed = gateRecord({ file: { ...copy.file, ctimeNs: 2_001n } });
  t.equal(contents.isReady(changed, container, true), false, "one that changed is another one");
  t.end();
});

t.test("a file of another size is none of the image's", (t) => {
  const { contents, waiting } = contentsFor("image-path");
  contents.setImage(container.image.id, [{ path: "/usr/bin/curl", size: 999, sha256: sum }]);
  t.equal(contents.isReady(copy, container, true), true);
  t.same(contents.of(copy.file, container), {});
  t.equal(waiting.length, 0);
  t.end();
});

t.test("what cannot be had is not waited for", (t) => {
  const { contents } = contentsFor("image-path", false);
  contents.setImage(container.image.id, [{ path: "/usr/bin/curl", size: 1_000, sha256: sum }]);
  t.equal(contents.isReady(copy, container, true), true, "it was answered already");
  t.same(contents.of(copy.file, container), {});
  t.equal(contents.counters().unknown, 1);
  const failing = contentsFor("digest");
  t.equal(failing.contents.isReady(shipped, container, true), false);
  failing.waiting[0]?.(undefined);
  t.equal(failing.contents.isReady(shipped, container, true), true, "too large, or changing");
  t.same(failing.contents.of(shipped.file, container), { imagePath: "/usr/bin/curl" });
  t.end();
});
