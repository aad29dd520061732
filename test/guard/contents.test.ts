// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { Contents, type ContentQuestion } from "../../daemon/guard/contents.ts";
import { unknownContainer, type Container } from "../../daemon/model/container.ts";
import type { ImageFile } from "../../daemon/model/guard-messages.ts";
import { gateRecord } from "../tracer/gate-records.ts";

const sum = "ab".repeat(32);
const container: Container = {
  ...unknownContainer("c".repeat(64)),
  image: { ...unknownContainer("").image, id: `sha256:${"1".repeat(64)}` },
  createdNs: 1_000n,
};
const shipped = gateRecord();
const copy = gateRecord({ file: { path: "/tmp/x", ctimeNs: 2_000n, inode: 9n } });
const listed: ImageFile = { path: "/usr/bin/curl", size: 1_000, ctimeNs: 2n, sha256: sum };
/** The same exec where nothing is held. */
const observed = gateRecord({ ...copy, isHeld: false, isKept: true });

interface Asked {
  readonly contents: Contents;
  readonly waiting: ((digest: string | undefined) => void)[];
  readonly known: () => number;
  /** Files that need not be kept any more. */
  readonly forgotten: number[];
  /** Sets the clock. */
  readonly at: (nowMs: number) => void;
}

function contentsFor(question: ContentQuestion, canDigest = true): Asked {
  const waiting: Asked["waiting"] = [];
  const forgotten: number[] = [];
  let known = 0;
  let nowMs = observed.monotonicMs;
  const contents = new Contents({
    question: () => question,
    digest: (_record, onDigest) => {
      if (canDigest) waiting.push(onDigest);
      return canDigest;
    },
    forget: ({ ticket }) => forgotten.push(ticket.slot),
    monotonicMs: () => nowMs,
    onKnown: () => {
      known += 1;
    },
  });
  const at = (ms: number): void => {
    nowMs = ms;
  };
  return { contents, waiting, forgotten, at, known: () => known };
}

t.test("nothing is looked at that no rule asks for", (t) => {
  const { contents, waiting } = contentsFor("nothing");
  t.equal(contents.isReady(copy, container, true), true);
  t.equal(contents.of(copy, container), undefined);
  t.equal(waiting.length, 0);
  t.end();
});

t.test("a file of the image needs no digest", (t) => {
  const { contents, waiting } = contentsFor("image-path");
  t.equal(contents.isReady(shipped, container, true), true);
  t.match(contents.of(shipped, container), {
    ...{ imagePaths: ["/usr/bin/curl"], arePathsKnown: true, isUnchanged: true },
  });
  t.equal(waiting.length, 0);
  t.end();
});

t.test("a copy is known by its digest, once", (t) => {
  const { contents, waiting, known } = contentsFor("image-path");
  t.equal(contents.isReady(copy, container, true), false, "its digest is taken");
  contents.setImage(container.image.id, [listed]);
  t.equal(contents.isReady(copy, container, true), false, "and not twice");
  t.equal(waiting.length, 1);
  waiting[0]?.(sum);
  t.equal(known(), 1);
  t.equal(contents.isReady(copy, container, true), true);
  t.strictSame(contents.of(copy, container), {
    ...{ imagePaths: ["/usr/bin/curl"], arePathsKnown: true, isUnchanged: false, sha256: sum },
  });
  t.match(contents.counters(), { hashed: 1, unknown: 0 });
  const changed = gateRecord({ file: { ...copy.file, ctimeNs: 2_001n } });
  t.equal(contents.isReady(changed, container, true), false, "one that changed is another one");
  t.end();
});

t.test("a file of another size is none of the image's", (t) => {
  const { contents, waiting } = contentsFor("image-path");
  contents.setImage(container.image.id, [{ ...listed, size: 999 }]);
  t.equal(contents.isReady(copy, container, true), true);
  t.match(contents.of(copy, container), { imagePaths: [], arePathsKnown: true });
  t.equal(waiting.length, 0);
  t.end();
});

t.test("what cannot be had is not waited for", (t) => {
  const { contents } = contentsFor("image-path", false);
  contents.setImage(container.image.id, [listed]);
  t.equal(contents.isReady(copy, container, true), true, "it was answered already");
  t.strictSame(contents.of(copy, container), {
    ...{ imagePaths: [], arePathsKnown: false, isUnchanged: undefined, missing: "late" },
  });
  t.equal(contents.counters().unknown, 1);
  const failing = contentsFor("digest");
  t.equal(failing.contents.isReady(shipped, container, true), false);
  failing.waiting[0]?.(undefined);
  t.equal(failing.contents.isReady(shipped, container, true), true, "too large, or changing");
  t.match(failing.contents.of(shipped, container), {
    ...{ imagePaths: ["/usr/bin/curl"], missing: "none" },
  });
  t.end();
});

t.test("what runs already is looked at all the same, while its file is kept", (t) => {
  const { contents, waiting, forgotten } = contentsFor("image-path");
  contents.setImage(container.image.id, [listed]);
  t.equal(contents.isReady(observed, container, false), false);
  waiting[0]?.(sum);
  t.equal(contents.isReady(observed, container, false), true);
  t.match(contents.of(observed, container), { sha256: sum, imagePaths: ["/usr/bin/curl"] });
  contents.done(observed);
  t.same(forgotten, [observed.ticket.slot]);
  contents.done(copy);
  t.equal(forgotten.length, 1, "an exec that is held has no file that is kept");
  const gone = gateRecord({ ...observed, isKept: false, file: { ...copy.file, inode: 10n } });
  t.equal(contents.isReady(gone, container, false), true, "nothing can be found out any more");
  t.end();
});

t.test("the list of an image is waited for a while", (t) => {
  const { contents, waiting, at } = contentsFor("image-path");
  contents.isReady(observed, container, false);
  waiting[0]?.(sum);
  t.equal(contents.isReady(observed, container, false), false);
  at(observed.monotonicMs + 2_000);
  t.equal(contents.isReady(observed, container, false), true);
  t.end();
});

t.test("of an image without an id there is no list to wait for", (t) => {
  const { contents, waiting } = contentsFor("image-path");
  const step = { ...container, image: unknownContainer("").image };
  t.equal(contents.isReady(shipped, step, true), true);
  t.equal(contents.isReady(copy, step, true), false, "its digest is taken");
  waiting[0]?.(sum);
  t.equal(contents.isReady(copy, step, true), true);
  t.end();
});

t.test("too many digests at a time wait for each other", (t) => {
  const { contents, waiting } = contentsFor("digest");
  const file = (inode: bigint) => gateRecord({ file: { ...copy.file, inode } });
  for (let inode = 100n; inode < 117n; inode++) contents.isReady(file(inode), container, true);
  t.equal(waiting.length, 16);
  t.equal(contents.isReady(file(116n), container, true), false, "not given up");
  waiting[0]?.(sum);
  t.equal(contents.isReady(file(116n), container, true), false);
  t.equal(waiting.length, 17, "asked for when there is room");
  t.end();
});

t.test("a file that has just changed is looked at for each exec", (t) => {
  const { contents, waiting } = contentsFor("digest");
  const at = (ageNs: bigint, slot: number) =>
    gateRecord({
      ticket: { slot, generation: 1 },
      file: { ...copy.file, ctimeNs: copy.timeNs - ageNs },
    });
  const recent = 49_999_999n;
  contents.isReady(at(recent, 1), container, true);
  waiting[0]?.(sum);
  t.equal(contents.isReady(at(recent, 1), container, true), true);
  t.equal(contents.isReady(at(recent, 2), container, true), false, "the next one anew");
  contents.isReady(at(50_000_000n, 3), container, true);
  waiting[2]?.(sum);
  t.equal(contents.isReady(at(50_000_000n, 4), container, true), true, "not when it is older");
  t.end();
});

t.test("a file that was touched is unchanged where it lies, and a copy elsewhere", (t) => {
  const { contents, waiting } = contentsFor("image-path");
  const files = ["/bin/a", "/usr/bin/curl"].map((path) => ({ ...listed, path }));
  contents.setImage(container.image.id, files);
  const touched = gateRecord({ file: { ctimeNs: 2_000n } });
  for (const record of [touched, copy]) {
    t.equal(contents.isReady(record, container, true), false);
    waiting.shift()?.(sum);
  }
  t.match(contents.of(touched, container), {
    ...{ imagePaths: ["/usr/bin/curl", "/bin/a"], isUnchanged: true },
  });
  t.match(contents.of(copy, container), {
    ...{ imagePaths: ["/bin/a", "/usr/bin/curl"], isUnchanged: false },
  });
  t.end();
});

t.test("a file of the image has the digest of the image's list", (t) => {
  const { contents, waiting } = contentsFor("digest");
  contents.setImage(container.image.id, [listed]);
  t.equal(contents.isReady(shipped, container, true), true);
  t.match(contents.of(shipped, container), { sha256: sum, isUnchanged: true });
  t.equal(waiting.length, 0);
  contents.setImage(container.image.id, [{ ...listed, ctimeNs: 1n }]);
  t.equal(contents.isReady(shipped, container, true), false, "one of another time is another file");
  t.equal(contents.of(shipped, container)?.sha256, undefined);
  t.end();
});

t.test("on another mount nothing lies where the image ships it", (t) => {
  const { contents } = contentsFor("image-path", false);
  const elsewhere = gateRecord({ file: { isOnRoot: false } });
  t.equal(contents.isReady(elsewhere, container, false), true, "it does not wait");
  t.match(contents.of(elsewhere, container), { isUnchanged: false, missing: "late" });
  t.end();
});

t.test("a file that was found without its exec, with the digest that was taken of it", (t) => {
  const { contents, waiting } = contentsFor("image-path");
  t.equal(contents.hasList(container), false);
  contents.setImage(container.image.id, [listed]);
  t.equal(contents.hasList(container), true);
  t.match(contents.found(copy.file, container, sum), {
    ...{ imagePaths: ["/usr/bin/curl"], isUnchanged: false, sha256: sum },
  });
  t.match(contents.found(copy.file, container, undefined), {
    arePathsKnown: false,
    missing: "none",
  });
  t.match(contents.found(shipped.file, container, undefined), { isUnchanged: true, sha256: sum });
  t.equal(waiting.length, 0);
  const nobody = contentsFor("nothing");
  t.equal(nobody.contents.found(copy.file, container, sum), undefined);
  t.equal(nobody.contents.hasList(container), true, "where nobody asks nothing is waited for");
  t.end();
});
