// SPDX-License-Identifier: Apache-2.0
import type { ContainerEngine } from "../model/ports.ts";
import { readImageFacts, type ImageFacts } from "./image-facts.ts";

/** Bounds of the cache. */
export interface ImageCacheLimits {
  readonly imagesMax: number;
  /** How long an image's names are trusted, milliseconds: tags and digests come and go while the id stays. */
  readonly imageFreshMs: number;
  readonly requestTimeoutMs: number;
}

/** What is known of images, by id. */
export interface ImageCache {
  /** What was last heard of it, without asking. */
  peek(id: string): ImageFacts | undefined;
  /** Asks the engine unless it was asked lately; undefined when it does not know, or does not answer. */
  load(id: string): Promise<ImageFacts | undefined>;
  /** Asks the engine which image has that name now; undefined when none has, or it does not answer. */
  resolve(reference: string): Promise<ImageFacts | undefined>;
}

interface Entry {
  readonly facts: ImageFacts;
  readonly atMs: number;
}

/** Creates an empty cache. Asked for one image by many at once, it asks the engine once. */
export function createImageCache(options: {
  readonly engine: Pick<ContainerEngine, "inspectImage">;
  readonly monotonicMs: () => number;
  readonly limits: ImageCacheLimits;
}): ImageCache {
  const { engine, limits, monotonicMs } = options;
  // In the order of their last answer, so the first is the one to let go of.
  const entries = new Map<string, Entry>();
  const asked = new Map<string, Promise<ImageFacts | undefined>>();

  async function ask(name: string): Promise<ImageFacts | undefined> {
    const answer = await engine.inspectImage(name, limits.requestTimeoutMs);
    const facts = answer.ok ? readImageFacts(answer.value) : undefined;
    if (facts === undefined) return entries.get(name)?.facts;
    entries.delete(facts.id);
    entries.set(facts.id, { facts, atMs: monotonicMs() });
    const [oldest] = entries.keys();
    if (entries.size > limits.imagesMax && oldest !== undefined) entries.delete(oldest);
    return facts;
  }

  function askOnce(name: string): Promise<ImageFacts | undefined> {
    const waiting = asked.get(name);
    if (waiting !== undefined) return waiting;
    const answer = ask(name).finally(() => asked.delete(name));
    asked.set(name, answer);
    return answer;
  }

  return {
    peek: (id) => entries.get(id)?.facts,
    load: (id) => {
      const entry = entries.get(id);
      const isFresh = entry !== undefined && monotonicMs() - entry.atMs < limits.imageFreshMs;
      return isFresh ? Promise.resolve(entry.facts) : askOnce(id);
    },
    resolve: askOnce,
  };
}
