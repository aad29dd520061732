// SPDX-License-Identifier: Apache-2.0
import type { UnjudgedMount } from "./mount-origin.ts";

/**
 * What the container engine said happened (Docker Engine API, `GET /events`), decoded and bounded. Which of the
 * optional facts are there depends on type and action; `attributes` has all that the engine told, as far as it fits.
 */
export interface EngineFacts {
  /** What it happened to: `container`, `image`, `network`, `volume`, `plugin`, `daemon`, … */
  readonly type: string;
  /** `create`, `exec_start`, `health_status`, …: what stands behind a colon has fields of its own. */
  readonly action: string;
  /** The object's id as the engine gives it: of a container 64 hex characters, of an image or volume often a name. */
  readonly actorId: string;
  /** `local` or `swarm`; empty when the engine does not say. */
  readonly scope: string;
  /** Nanoseconds since the epoch, to within the half microsecond that JSON's numbers leave of them. */
  readonly timeNs: bigint;
  /** The container that it happened to, or was done for (network connect, volume mount). 64 hex characters. */
  readonly containerId?: string;
  readonly name?: string;
  /** Before a rename, without the leading slash. */
  readonly oldName?: string;
  /** An existing container that a new or renamed one could be taken for. */
  readonly looksLike?: string;
  /** Reference of a container's image, or of the image itself. */
  readonly image?: string;
  /** Of `die` and `exec_die`. */
  readonly exitCode?: number;
  /** Number of the signal that `kill` sent. */
  readonly signal?: number;
  /** Of `exec_create`, `exec_start`, `exec_die`, …: the engine's id of the exec, and its command line. */
  readonly execId?: string;
  readonly execCommand?: string;
  /** Of `mount_check`, which is told by us: places of the host that the container has and that nobody judged. */
  readonly mounts?: readonly UnjudgedMount[];
  /** Of `health_status`: `healthy`, `unhealthy`, `running`. */
  readonly health?: string;
  readonly attributes: Readonly<Record<string, string>>;
}
