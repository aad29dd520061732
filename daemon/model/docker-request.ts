// SPDX-License-Identifier: Apache-2.0
import type { Image } from "./container.ts";

/** One place of the host that a container or volume is to be given. */
export interface RequestedBind {
  /** As the request gives it; the name of a volume for a named one. */
  readonly source: string;
  /** The host path behind it, links followed, as far as it exists; equal to `source` where nothing is known. */
  readonly path: string;
  readonly destination: string;
  readonly isReadOnly: boolean;
  /** What of the host it gives away: `root`, `etc`, `engine-socket`, …; found by inode too. */
  readonly reaches: readonly string[];
}

/** What somebody asks of the container engine's API, before it is done. Texts are as the engine would read them. */
export interface RequestFacts {
  readonly method: string;
  /** As it was sent, with its query. */
  readonly uri: string;
  /** `POST /containers/{name}/exec`; empty for a route that the engine's API does not have. */
  readonly route: string;
  /** `container.create`, `exec.create`, …; `unknown` where `route` is empty. */
  readonly action: string;
  /** As in the path; empty without one. */
  readonly apiVersion: string;
  readonly isMutating: boolean;
  /** Name that the client's certificate gives; empty on a unix socket. */
  readonly user: string;
  readonly authMethod: string;
  /** What the path or the query names: a container, an image, a volume; empty without one. */
  readonly target: string;
  /** The name that the new object is to have. */
  readonly newName: string;
  readonly query: Readonly<Record<string, string>>;
  /** Why nobody can be sure what the engine would make of the request; each is one word. */
  readonly faults: readonly string[];
  /** The same for people. */
  readonly faultTexts: readonly string[];
  readonly image?: Image;
  /** The image goes by a name that was put on it here, while it came under another. */
  readonly isRetagged: boolean;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** What would run: entry point and command, those of the image where the request leaves them out. */
  readonly argv: readonly string[];
  readonly runAs: string;
  readonly hasTty: boolean;
  readonly isPrivileged: boolean;
  readonly capAdd: readonly string[];
  readonly binds: readonly RequestedBind[];
  /** Images whose files are to be mounted beside those of the container's own. */
  readonly imageMounts: readonly string[];
  /** Containers whose namespaces it would take over, as they were called, and those that these took theirs from. */
  readonly joins: readonly string[];
  /** `host` too where a container is joined that has the host's; so are the other modes. */
  readonly networkMode: string;
  readonly pidMode: string;
  readonly ipcMode: string;
  readonly utsMode: string;
  readonly usernsMode: string;
  readonly cgroupnsMode: string;
  readonly securityOpt: readonly string[];
  /** `unconfined`, `builtin`, `permissive`, `custom`, `unreadable`; empty where the engine's own profile holds. */
  readonly seccomp: string;
  /** Calls that lead out of a container and that its own seccomp profile lets through; `all` of them. */
  readonly seccompAllows: readonly string[];
  /** Name of the AppArmor profile that is asked for. */
  readonly apparmor: string;
  /** What of the confinement is taken away: `seccomp`, `apparmor`, `selinux`, `systempaths`, `cgroups`. */
  readonly unconfined: readonly string[];
  /** `true` or `false` where it is asked for; empty where the engine's own setting holds. */
  readonly noNewPrivileges: string;
  /** OCI runtime that is asked for; empty for the engine's own choice. Of a service `container`, `plugin`. */
  readonly runtime: string;
  /** Paths of the host's devices; `rules:` and the rule for cgroup rules. */
  readonly devices: readonly string[];
  /** Names of environment variables. */
  readonly env: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** OCI annotations, which runtimes act on. */
  readonly annotations: Readonly<Record<string, string>>;
}
