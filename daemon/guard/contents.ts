// What is in the files that are executed: their digests, and which of them an image ships. In the guard thread; digests
// come from the gate, lists from the main thread. It knows no rules, and never waits: it says what is known by now.
// SPDX-License-Identifier: Apache-2.0
import type { Container } from "../model/container.ts";
import type { ContentCounters, ImageFile } from "../model/guard-messages.ts";
import type { ExecutedFile } from "../model/process.ts";
import type { FileContent } from "../model/program.ts";
import type { GateRecord } from "../tracer/gate-record.ts";
import type { ByteString } from "../util/byte-string.ts";

/** What rules ask for: nothing, where the image ships a file, or its digest as well. */
export type ContentQuestion = "nothing" | "image-path" | "digest";

/** What contents are found out with. */
export interface ContentsPort {
  /** What the rules in force, and the lists that the container is on, ask for. */
  readonly question: (container: Container) => ContentQuestion;
  /** Takes the digest of an exec's file and calls back with 64 hex digits; false when the file is not at hand any more. */
  readonly digest: (record: GateRecord, onDigest: (digest: string | undefined) => void) => boolean;
  /** The file of an observed exec need not be at hand any more. */
  readonly forget: (record: GateRecord) => void;
  /** The clock of the records. */
  readonly monotonicMs: () => number;
  /** A digest has come: what waits may go on. */
  readonly onKnown: () => void;
}

/** The files of one image. */
interface ImageFiles {
  /** A file of another size cannot be one of them. */
  readonly bySize: ReadonlyMap<number, readonly ImageFile[]>;
  readonly byPath: ReadonlyMap<ByteString, ImageFile>;
}

type DigestPart = Pick<FileContent, "sha256" | "missing">;

/** The largest file whose digest is taken, bytes. */
export const contentSizeMax = 64 << 20;
const imagesMax = 256;
const digestsMax = 8_192;
/** Digests that are taken at the same time; more are not known in time, and counted. */
const runningMax = 16;
/** How long the list of an image is waited for, which may be long or never come. */
const listWaitMs = 2_000;
/**
 * The kernel's clock of files moves in ticks of up to 10 ms (current_time, fs/inode.c): within one, a file can be written
 * again and look the same. What changed just before is looked at anew for each exec.
 */
const recentNs = 50_000_000n;

/** Remembers digests by (device, inode, size, mtime, ctime), and images by their id; both bounded, oldest first out. */
export class Contents {
  readonly #port: ContentsPort;
  readonly #images = new Map<string, ImageFiles>();
  /** Undefined while it is being taken, empty where it cannot be had. */
  readonly #digests = new Map<string, string | undefined>();
  #running = 0;
  #hashed = 0;
  #unknown = 0;

  constructor(port: ContentsPort) {
    this.#port = port;
  }

  /** The executables that an image ships; it is forgotten without them. */
  setImage(imageId: string, files: readonly ImageFile[] | undefined): void {
    if (files === undefined) {
      this.#images.delete(imageId);
      return;
    }
    const bySize = new Map<number, ImageFile[]>();
    const byPath = new Map<ByteString, ImageFile>();
    for (const file of files) {
      byPath.set(file.path, file);
      const others = bySize.get(file.size);
      if (others === undefined) bySize.set(file.size, [file]);
      else others.push(file);
    }
    remember(this.#images, [imageId, { bySize, byPath }], imagesMax);
  }

  /**
   * Whether what rules ask about this file is known, as far as it can be; asks for it otherwise. An exec that is not held
   * runs on meanwhile, and its file is kept.
   */
  isReady(record: GateRecord, container: Container | undefined, isHeld: boolean): boolean {
    if (container === undefined) return true;
    const question = this.#port.question(container);
    if (question === "nothing") return true;
    const isAtHand = isHeld || record.isKept;
    const image = this.#images.get(container.image.id);
    if (needsNoDigest(record.file, container, { image, question })) return true;
    // Of an image without an id, such as a build makes, there will be no list.
    const isListed = image !== undefined || question === "digest" || container.image.id === "";
    const isKnown = this.#isDigestKnown(record, isAtHand);
    return isKnown && (isListed || !isAtHand || this.#isTooOld(record));
  }

  /** An exec was judged: what was kept for it can go. */
  done(record: GateRecord): void {
    if (record.isKept) this.#port.forget(record);
  }

  /** What is known of an exec's file by now; undefined where nobody asks. */
  of(record: GateRecord, container: Container | undefined): FileContent | undefined {
    if (container === undefined || this.#port.question(container) === "nothing") return undefined;
    return this.#contentOf(record.file, container, this.#digestPart(record));
  }

  /** The same of a file whose digest was taken elsewhere, or could not be. */
  found(
    file: ExecutedFile,
    container: Container,
    sha256: string | undefined,
  ): FileContent | undefined {
    if (this.#port.question(container) === "nothing") return undefined;
    const digest = sha256 === undefined ? ({ missing: "none" } as const) : { sha256 };
    return this.#contentOf(file, container, digest);
  }

  /** Whether the list of a container's image is there, or nobody asks for it. */
  hasList(container: Container): boolean {
    return this.#port.question(container) === "nothing" || this.#images.has(container.image.id);
  }

  counters(): ContentCounters {
    return { hashed: this.#hashed, unknown: this.#unknown };
  }

  #contentOf(file: ExecutedFile, container: Container, digest: DigestPart): FileContent {
    const image = this.#images.get(container.image.id);
    if (!isShipped(file, container)) return this.#ofOther(file, image, digest);
    const sha256 = listedAs(file, image)?.sha256;
    const known = { imagePaths: [file.path], arePathsKnown: true, isUnchanged: true };
    return { ...known, ...(sha256 === undefined ? digest : { sha256 }) };
  }

  // A file that the container has written, or that lies on another mount.
  #ofOther(file: ExecutedFile, image: ImageFiles | undefined, digest: DigestPart): FileContent {
    const { sha256 } = digest;
    const isOnRoot = file.isOnRoot === true;
    const alike = image?.bySize.get(file.size) ?? [];
    if (image === undefined || (alike.length > 0 && sha256 === undefined)) {
      this.#unknown += 1;
      const late = image === undefined ? ({ missing: "late" } as const) : {};
      const isUnchanged = isOnRoot ? undefined : false;
      return { imagePaths: [], arePathsKnown: false, isUnchanged, ...digest, ...late };
    }
    const same = alike.filter((candidate) => candidate.sha256 === sha256).map(({ path }) => path);
    const isUnchanged = isOnRoot && same.includes(file.path);
    const others = same.filter((path) => path !== file.path);
    const imagePaths = isUnchanged ? [file.path, ...others] : same;
    return { imagePaths, arePathsKnown: true, isUnchanged, ...digest };
  }

  #digestPart(record: GateRecord): DigestPart {
    const sha256 = this.#digests.get(keyOf(record));
    if (sha256 === undefined) return { missing: "late" };
    return sha256 === "" ? { missing: "none" } : { sha256 };
  }

  // As far as it can be: asks for it otherwise, now or, where too many are being taken, the next time.
  #isDigestKnown(record: GateRecord, isAtHand: boolean): boolean {
    const key = keyOf(record);
    if (this.#digests.has(key)) return this.#digests.get(key) !== undefined;
    if (!isAtHand) return true;
    return this.#running < runningMax && !this.#ask(record, key);
  }

  #isTooOld({ monotonicMs }: GateRecord): boolean {
    return this.#port.monotonicMs() - monotonicMs >= listWaitMs;
  }

  // False when it is not to be had.
  #ask(record: GateRecord, key: string): boolean {
    const isAsked = this.#port.digest(record, (digest) => {
      this.#running -= 1;
      if (digest !== undefined) this.#hashed += 1;
      remember(this.#digests, [key, digest ?? ""], digestsMax);
      this.#port.onKnown();
    });
    if (!isAsked) return false;
    this.#running += 1;
    remember(this.#digests, [key, undefined], digestsMax);
    return true;
  }
}

/**
 * True for a file of the image that the container has not changed: what lies on its root and changed last before it was
 * created. Nobody can set ctime (stat(2)); whatever a container writes has a later one.
 */
function isShipped(file: ExecutedFile, container: Container): boolean {
  const { createdNs } = container;
  return file.isOnRoot === true && createdNs !== undefined && file.ctimeNs < createdNs;
}

/** The same file on the list: a list by layers and what a container sees could differ in theory, bytes must not. */
function listedAs(file: ExecutedFile, image: ImageFiles | undefined): ImageFile | undefined {
  const listed = image?.byPath.get(file.path);
  return listed?.ctimeNs === file.ctimeNs && listed.size === file.size ? listed : undefined;
}

/** Whether a file's own place, or its size, tells all that is asked. */
function needsNoDigest(
  file: ExecutedFile,
  container: Container,
  known: { readonly image: ImageFiles | undefined; readonly question: ContentQuestion },
): boolean {
  const { image, question } = known;
  if (isShipped(file, container))
    return question === "image-path" || listedAs(file, image) !== undefined;
  return question === "image-path" && image?.bySize.has(file.size) === false;
}

function keyOf({ file, timeNs, ticket }: GateRecord): string {
  const { device, inode, size, mtimeNs, ctimeNs } = file;
  const key = `${device}:${inode}:${size}:${mtimeNs}:${ctimeNs}`;
  const isRecent = timeNs - ctimeNs < recentNs;
  return isRecent ? `${key}:${ticket.slot}:${ticket.generation}` : key;
}

function remember<V>(map: Map<string, V>, [key, value]: readonly [string, V], max: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= max) return;
  const oldest = map.keys().next();
  if (oldest.done !== true) map.delete(oldest.value);
}
