// SPDX-License-Identifier: Apache-2.0

/** A process of this host that asked something of the container engine, as /proc told when it asked (proc(5)). */
export interface DockerClient {
  /**
   * `exact`: no other connection of the engine could carry the request, and the kernel says that this process holds it.
   * `inferred`: it is the likeliest of several.
   */
  readonly confidence: "exact" | "inferred";
  readonly pid: number;
  /** Effective. */
  readonly uid: number;
  /** Audit login uid, which sudo and su do not change; absent where nobody logged in. */
  readonly loginuid?: number;
  /** Audit session id; absent where nobody logged in. */
  readonly session?: number;
  /** Name of the login user, else of the user. */
  readonly user?: string;
  /** Device number of the terminal; 0 for none. */
  readonly tty: number;
  readonly exe: string;
  /** Words joined by spaces. */
  readonly cmdline: string;
  /** Names of the processes above it, parent first. */
  readonly parents: readonly string[];
  /** What the nearest sshd above calls itself: `sshd: alice@pts/0`. */
  readonly ssh?: string;
  /** Container that it runs in, where it was given the engine's socket. */
  readonly containerId?: string;
}

/** Something that a client asked of the engine, for the events that come of it. */
export interface AskedBy {
  readonly client: DockerClient;
  /** `exec.start`, `container.stop`, … */
  readonly action: string;
  readonly containerId?: string;
  /** The engine's id of the exec. */
  readonly execId?: string;
  /** Command line of an exec that has no id yet, words joined by spaces. */
  readonly command?: string;
  /** A container that has no id yet: its name, empty for one of the engine's choice, and its image as it was given. */
  readonly created?: { readonly name: string; readonly image: string };
}

/** Name of a terminal by its device number (proc(5), tty_nr): `pts/3`, `tty1`; undefined for none. */
export function terminalName(device: number): string | undefined {
  if (device === 0) return undefined;
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >>> 12) & 0xfff00);
  if (major >= 136 && major <= 143) return `pts/${(major - 136) * 256 + minor}`;
  return major === 4 && minor < 64 ? `tty${minor}` : `${major}:${minor}`;
}
