// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from "node:util";
import type { Container } from "../model/container.ts";
import {
  mergeFacts,
  type ContainerAnswer,
  type ContainerFacts,
  type Lifecycle,
} from "./container-facts.ts";
import { readOrchestration } from "./container-labels.ts";
import { toImage, type ImageFacts } from "./image-facts.ts";

/**
 * Everything that is known of one container, gathered from answers that come in any order. The methods that take an
 * answer return true when `container` is another than before.
 */
export class ContainerRecord {
  readonly id: string;
  #facts: ContainerFacts;
  #lifecycle: Lifecycle;
  #image: ImageFacts | undefined;
  #isComplete = false;
  #turns = 0;
  #container: Container;

  /** Begins with what the first word of a container told. */
  constructor(first: ContainerAnswer) {
    this.id = first.id;
    this.#facts = first.facts;
    this.#lifecycle = first.lifecycle;
    this.#container = this.#build();
  }

  get container(): Container {
    return this.#container;
  }

  get imageId(): string | undefined {
    return this.#facts.imageId;
  }

  get isImageKnown(): boolean {
    return this.#image !== undefined;
  }

  /** Turns of its life that events told, so that an answer that was asked for before one is known as old. */
  get turns(): number {
    return this.#turns;
  }

  /** True when it has no process: never begun, ended, or between two. */
  get isStopped(): boolean {
    return this.#lifecycle.state === "dead" || this.#lifecycle.state === "created";
  }

  /** An event told a turn of its life. */
  turn(change: Partial<Lifecycle>): boolean {
    this.#turns += 1;
    this.#lifecycle = { ...this.#lifecycle, ...change };
    return this.#rebuild();
  }

  /** An event told facts. */
  takeFacts(facts: ContainerFacts): boolean {
    this.#facts = mergeFacts(this.#facts, facts);
    return this.#rebuild();
  }

  takeImage(image: ImageFacts): boolean {
    this.#image = image;
    return this.#rebuild();
  }

  /** The list answered what was asked when `turns` was what it is given as. */
  takeSummary({ facts, lifecycle }: ContainerAnswer, turns: number | undefined): boolean {
    this.#facts = mergeFacts(this.#facts, {
      ...facts,
      // The list knows only the second, and writes an id once the tag has moved on to another image.
      createdNs: this.#facts.createdNs ?? facts.createdNs,
      imageReference: this.#facts.imageReference ?? facts.imageReference,
    });
    const isNews = turns === this.#turns && lifecycle.state !== this.#lifecycle.state;
    if (isNews) this.#lifecycle = lifecycle;
    return this.#rebuild();
  }

  /** `inspect` answered what was asked when `turns` was what it is given as. */
  takeDetails(answer: ContainerAnswer, turns: number): boolean {
    this.#facts = mergeFacts(this.#facts, answer.facts);
    if (turns === this.#turns) this.#lifecycle = answer.lifecycle;
    this.#isComplete = true;
    return this.#rebuild();
  }

  #rebuild(): boolean {
    const next = this.#build();
    if (isDeepStrictEqual(next, this.#container)) return false;
    this.#container = next;
    return true;
  }

  #build(): Container {
    const facts = this.#facts;
    const labels = facts.labels ?? {};
    return {
      id: this.id,
      name: facts.name ?? "",
      image: toImage({ reference: facts.imageReference, id: facts.imageId }, this.#image),
      labels,
      ...readOrchestration(labels),
      isPrivileged: facts.isPrivileged ?? false,
      mounts: facts.mounts ?? [],
      user: facts.user ?? this.#image?.user ?? "",
      networkMode: facts.networkMode ?? "",
      ...describeNamespaces(facts),
      ...(facts.healthcheck === undefined ? {} : { healthcheck: facts.healthcheck }),
      ...(facts.createdNs === undefined ? {} : { createdNs: facts.createdNs }),
      ...(facts.rootDirectory === undefined ? {} : { rootDirectory: facts.rootDirectory }),
      ...describeLifecycle(this.#lifecycle),
      isComplete: this.#isComplete,
    };
  }
}

function describeNamespaces({
  sharesHostPid,
  sharesHostIpc,
}: ContainerFacts): Pick<Container, "sharesHostPid" | "sharesHostIpc"> {
  return {
    ...(sharesHostPid === undefined ? {} : { sharesHostPid }),
    ...(sharesHostIpc === undefined ? {} : { sharesHostIpc }),
  };
}

function describeLifecycle({
  state,
  pid,
  startedNs,
}: Lifecycle): Pick<Container, "state" | "pid" | "startedNs"> {
  return {
    state,
    ...(pid === undefined ? {} : { pid }),
    ...(startedNs === undefined ? {} : { startedNs }),
  };
}
