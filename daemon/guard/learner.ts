// What runs in containers of some images, for who wants to list it: in the guard thread, bounded, with what did not fit
// counted. It changes no answer.
// SPDX-License-Identifier: Apache-2.0
import { calledAppletOf, isMultiCall } from "../model/applet.ts";
import type { Container } from "../model/container.ts";
import type { ExecEvent } from "../model/event.ts";
import type { Learned, LearnedProgram, LearnProgress } from "../model/learning.ts";
import type { AllowedExec } from "../pipeline-port.ts";
import { parseImagePattern, type ImagePattern } from "../policy/image-pattern.ts";
import { programEntryText } from "../policy/program-entry.ts";
import { assert } from "../util/assert.ts";
import { fromByteString, type ByteString } from "../util/byte-string.ts";

/** Programs of one session. */
export const learnedMax = 2_000;
const containersMax = 4_096;
const imagesMax = 16;
const pathShownMax = 4_096;

type Sight = Pick<LearnedProgram, "entry" | "whyNot" | "sha256" | "isUnchanged">;

interface Session {
  readonly pattern: ImagePattern;
  readonly programs: Map<string, { -readonly [Key in keyof LearnedProgram]: LearnedProgram[Key] }>;
  readonly containers: Set<string>;
  readonly images: Set<string>;
  execs: number;
  notKept: number;
}

/** Keeps what ran, by session. */
export class Learner {
  readonly #sessions = new Map<number, Session>();

  /** Watches the containers of an image from now on; `image` is as in the allowlist. */
  begin(session: number, image: string): void {
    const parsed = parseImagePattern(image);
    assert("pattern" in parsed, "the main thread has read the image");
    this.#sessions.set(session, {
      ...{ pattern: parsed.pattern, programs: new Map(), containers: new Set() },
      ...{ images: new Set(), execs: 0, notKept: 0 },
    });
  }

  end(session: number): void {
    this.#sessions.delete(session);
  }

  get isActive(): boolean {
    return this.#sessions.size > 0;
  }

  /** Whether the digests of what runs there are wanted. */
  isWatched({ image }: Container): boolean {
    for (const { pattern } of this.#sessions.values()) if (pattern.matches(image)) return true;
    return false;
  }

  /** An exec that was judged and runs. */
  take({ traced, event }: AllowedExec): void {
    if (this.#sessions.size === 0) return;
    const isBeside = traced.role !== "program";
    // What the kernel opened beside a program needs an entry of its own only where it is none of the image's.
    if (isBeside && (event.content?.imagePaths.length ?? 0) > 0) return;
    this.#keep(event, isBeside ? sightBeside(event) : sightOf(event));
  }

  /** What a second view has found, and nobody else has seen. */
  find(event: ExecEvent): void {
    if (this.#sessions.size === 0 || event.second?.isGateSeen === true) return;
    const isInMemory = event.process.exepath.startsWith("/memfd:");
    this.#keep(event, { whyNot: isInMemory ? "memory" : "unknown", isUnchanged: false });
  }

  progress(session: number): LearnProgress | undefined {
    const known = this.#sessions.get(session);
    if (known === undefined) return undefined;
    const { containers, execs, programs, notKept } = known;
    return { containers: containers.size, execs, programs: programs.size, notKept };
  }

  /** All that was seen. */
  report(session: number): Learned | undefined {
    const progress = this.progress(session);
    const known = this.#sessions.get(session);
    if (progress === undefined || known === undefined) return undefined;
    return { ...progress, images: [...known.images], learned: [...known.programs.values()] };
  }

  #keep(event: ExecEvent, sight: Sight): void {
    const { container } = event;
    if (container === undefined) return;
    for (const session of this.#sessions.values()) {
      if (session.pattern.matches(container.image)) note(session, event, sight);
    }
  }
}

function note(session: Session, event: ExecEvent, sight: Sight): void {
  const { containers, images, programs } = session;
  const { container, timeNs, process } = event;
  session.execs += 1;
  if (container !== undefined && containers.size < containersMax) containers.add(container.id);
  if (container !== undefined && images.size < imagesMax) images.add(container.image.id);
  const path = fromByteString(process.exepath.slice(0, pathShownMax));
  const key = sight.entry ?? `${sight.whyNot ?? ""} ${path}`;
  const lastMs = Number(timeNs / 1_000_000n);
  const known = programs.get(key);
  if (known !== undefined) {
    known.count += 1;
    known.lastMs = lastMs;
    known.isUnchanged &&= sight.isUnchanged;
    return;
  }
  if (programs.size >= learnedMax) {
    session.notKept += 1;
    return;
  }
  programs.set(key, { ...sight, path, count: 1, firstMs: lastMs, lastMs });
}

function sightOf(event: ExecEvent): Sight {
  const { content, loaded } = event;
  const [imagePath] = content?.imagePaths ?? [];
  const sha256 = content?.sha256;
  const known = {
    isUnchanged: content?.isUnchanged === true,
    ...(sha256 === undefined ? {} : { sha256 }),
  };
  if (loaded?.by === "unseen") return { ...known, isUnchanged: false, whyNot: "memory" };
  if (loaded === undefined)
    return imagePath === undefined
      ? sightBeside(event)
      : { ...known, ...entryOf(event, imagePath) };
  return { ...known, ...loaderEntryOf(loaded.path, known.isUnchanged ? imagePath : undefined) };
}

function loaderEntryOf(
  path: ByteString,
  loader: ByteString | undefined,
): Pick<Sight, "entry" | "whyNot"> {
  if (loader === undefined || path === "") return { whyNot: "loader" };
  return { entry: programEntryText(loader, path) };
}

function entryOf(event: ExecEvent, imagePath: ByteString): Pick<Sight, "entry" | "whyNot"> {
  if (!isMultiCall(event.process.exepath, imagePath)) return { entry: programEntryText(imagePath) };
  const applet = calledAppletOf(event, imagePath) ?? "";
  return applet === "" ? { whyNot: "applet" } : { entry: programEntryText(imagePath, applet) };
}

/** What is known by its digest alone. */
function sightBeside({ content }: ExecEvent): Sight {
  const sha256 = content?.sha256;
  if (sha256 === undefined) return { whyNot: "unknown", isUnchanged: false };
  return { entry: `sha256:${sha256}`, sha256, isUnchanged: false };
}
