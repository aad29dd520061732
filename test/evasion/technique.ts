// One way around a sensor of execs, and the words that the tables of them share.
// SPDX-License-Identifier: Apache-2.0
import type { Fate } from "./fate.ts";

/** One attempt. */
export interface Technique {
  readonly name: string;
  /**
   * Where it is tried: in an ordinary container; in one that no policy speaks of; in one whose image may only run what it
   * ships; in a privileged one with the host's processes; in one of its own, which `argv` starts, or in one that an engine
   * inside a container starts; on the host; or by the docker command line.
   */
  readonly where:
    "box" | "watched" | "strict" | "privileged" | "own" | "nested" | "host" | "docker";
  /** An engine with user namespaces (userns-remap) instead of an ordinary one. */
  readonly engine?: "remapped";
  /** The user that `docker exec` acts as; root where left out. */
  readonly user?: string;
  /** For /bin/sh in the container. */
  readonly script?: string;
  /** Without a shell; behind `docker run` for a container of its own. Words that stand for others: containers.ts. */
  readonly argv?: readonly string[];
  readonly expected: Fate;
  /** What shows that the program did run, where it is not the version line of curl. */
  readonly ran?: RegExp;
  /**
   * What the attempt shows whatever becomes of it: that it came as far as the exec, say. Where it is refused and this is
   * left out, the attempt is made once before anything guards, and has to succeed.
   */
  readonly reached?: RegExp;
  /** The container that the alert is to name, where it is not the one it is tried in. */
  readonly of?: string;
  /** Who the alert is to name. */
  readonly by?: { readonly user: string; readonly uid: number };
  /** Left out of the quick form. */
  readonly isSlow?: boolean;
}

export const curl = "/usr/bin/curl";
export const loader = "/lib64/ld-linux-x86-64.so.2";
/** A program that says that it runs, and would say that it was not ended. */
export const nap = ["/tools/attack", "nap", "20"];
export const started = /^started$/m;
/** Of busybox's wget. */
export const usage = /^Usage: wget/m;

/** A way of attack.c; curl's version where no program is named. */
export function attack(way: string, ...rest: readonly string[]): readonly string[] {
  return ["/tools/attack", way, ...(rest.length === 0 ? [curl, "-V"] : rest)];
}
