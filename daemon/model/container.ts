// SPDX-License-Identifier: Apache-2.0

/**
 * An image as a person names it and as the engine knows it. Grammar of references: distribution/reference
 * (`docker.io/library/` is implied for short names).
 */
export interface Image {
  /** As given to the engine: `byrnedo/alpine-curl:latest`, `sha256:…`, a short id. */
  readonly reference: string;
  /** Repository as Falco prints it: what was given less tag and digest, `byrnedo/alpine-curl`. */
  readonly repository: string;
  /** Normalised repository: `docker.io/byrnedo/alpine-curl`. */
  readonly normalizedRepository: string;
  readonly tag?: string;
  /** Repository digest `sha256:…` (64 hex); absent for an image that was never pushed or pulled. */
  readonly digest?: string;
  /** All repository digests that the engine knows for this image id, `sha256:…`. */
  readonly digests: readonly string[];
  /** Image id `sha256:…` (64 hex). */
  readonly id: string;
  /** Labels baked into the image itself. */
  readonly labels: Readonly<Record<string, string>>;
}

/** One mount of a container, as `docker inspect` lists it. */
export interface ContainerMount {
  readonly type: string;
  /** Name of the volume, where it is one. */
  readonly volume?: string;
  readonly source: string;
  readonly destination: string;
  readonly mode: string;
  readonly isReadWrite: boolean;
  readonly propagation: string;
}

/** What the engine knows of one container. Plain data: it crosses threads by structured clone. */
export interface Container {
  /** 64 hex characters; of a step of a build, 25 characters of base 36. */
  readonly id: string;
  /** A step of a build, of which the engine's API tells nothing; absent for its containers. */
  readonly kind?: "buildkit";
  /** Without the leading slash. */
  readonly name: string;
  readonly image: Image;
  /** Labels of the container, those inherited from the image included. */
  readonly labels: Readonly<Record<string, string>>;
  readonly compose?: { readonly project: string; readonly service: string };
  readonly swarm?: { readonly service: string; readonly task?: string; readonly node?: string };
  readonly kubernetes?: {
    readonly namespace: string;
    readonly pod: string;
    readonly container?: string;
    readonly podUid?: string;
  };
  readonly isPrivileged: boolean;
  readonly mounts: readonly ContainerMount[];
  /** Config.User, empty for the image's default. */
  readonly user: string;
  readonly networkMode: string;
  /** It lives in the host's pid namespace; absent while the engine has not said so. */
  readonly sharesHostPid?: boolean;
  /** It lives in the host's ipc namespace; absent while the engine has not said so. */
  readonly sharesHostIpc?: boolean;
  /** What the engine runs as health check, as argv; absent when there is none. */
  readonly healthcheck?: readonly string[];
  /** Main process in the host's pid namespace; absent while it is not running. */
  readonly pid?: number;
  readonly state: "created" | "running" | "paused" | "dead";
  /** Nanoseconds since the epoch. */
  readonly createdNs?: bigint;
  readonly startedNs?: bigint;
  /** Directory where the engine mounts the root file system, where the engine says so (overlay2 MergedDir). */
  readonly rootDirectory?: string;
  /** False while only the `create` event and the image are known, and `inspect` has not answered yet. */
  readonly isComplete: boolean;
}

/** A container of which nothing but the id is known: of another engine, or not told of yet. */
export function unknownContainer(id: string): Container {
  return {
    id,
    name: "",
    image: {
      reference: "",
      repository: "",
      normalizedRepository: "",
      digests: [],
      id: "",
      labels: {},
    },
    labels: {},
    isPrivileged: false,
    mounts: [],
    user: "",
    networkMode: "",
    state: "running",
    isComplete: false,
  };
}

/** The engine itself, for every alert's "where". */
export interface Engine {
  readonly id: string;
  readonly version: string;
  readonly apiVersion: string;
  readonly name: string;
  readonly storageDriver: string;
  readonly cgroupDriver: string;
  /** Where it keeps images and containers: `/var/lib/docker`. */
  readonly dataRoot: string;
}
