// SPDX-License-Identifier: Apache-2.0

/** A connection of the engine's API, at its end. */
export interface Connection {
  readonly inode: number;
  /** Who connected. */
  readonly pid: number;
  /** The other end is gone. */
  readonly isClosed: boolean;
}

/** What of a request can be found again in the command line of whoever asked. */
export interface Wanted {
  readonly action: string;
  /** Id of the object that it is about, as far as the request has it. */
  readonly target: string;
  /** What the client may have called what it is about: names, images, ids. */
  readonly names: readonly string[];
  /** What is to be run, words joined by spaces; empty for nothing in particular. */
  readonly command: string;
}

/** One process that may have asked. */
export interface Candidate {
  readonly pid: number;
  readonly argv: readonly string[];
  /** It asked before about the same object. */
  readonly isKnown: boolean;
  /** Its connection was not there at the request before. */
  readonly isNew: boolean;
}

const knownScore = 8;
const commandScore = 4;
const nameScore = 2;

/**
 * The likeliest of several processes: by what it asked before, else by its command line, else because it alone has just
 * connected. Undefined where nothing speaks for one of them more than for all others. Pure.
 */
export function likeliest(candidates: readonly Candidate[], wanted: Wanted): number | undefined {
  const scored = candidates.map((candidate) => ({
    ...candidate,
    score: scoreOf(candidate, wanted),
  }));
  const best = Math.max(...scored.map(({ score }) => score));
  const leading = scored.filter(({ score }) => score === best);
  const [first, second] = leading;
  if (best >= nameScore && first !== undefined && second === undefined) return first.pid;
  const fresh = leading.filter(({ isNew }) => isNew);
  return fresh.length === 1 ? fresh[0]?.pid : undefined;
}

function scoreOf({ argv, isKnown }: Candidate, { action, names, command }: Wanted): number {
  const verb = verbs[action];
  const isVerb = verb === undefined || argv.some((word) => verb.includes(word));
  const known = isKnown ? knownScore : 0;
  if (!isVerb) return known;
  const named = names.filter((name) => argv.some((word) => isNamed(word, name))).length;
  // `docker exec web id` says at its end what is to run.
  const hasCommand = command !== "" && argv.join(" ").endsWith(` ${command}`);
  return known + named * nameScore + (hasCommand ? commandScore : 0);
}

const shortIdLengthMin = 4;

/** By its whole name, or by the beginning of its id. */
function isNamed(word: string, name: string): boolean {
  if (name === "") return false;
  if (word === name) return true;
  return word.length >= shortIdLengthMin && /^[0-9a-f]{64}$/.test(name) && name.startsWith(word);
}

/** Words of the docker command line that lead to a request. */
const verbs: Readonly<Record<string, readonly string[]>> = {
  "exec.create": ["exec"],
  "exec.start": ["exec"],
  "container.create": ["run", "create", "up"],
  "container.start": ["run", "start", "up"],
  "container.attach": ["run", "attach", "start", "up"],
  "container.stop": ["stop", "down"],
  "container.kill": ["kill", "down"],
  "container.restart": ["restart"],
  "container.remove": ["rm", "down"],
  "container.pause": ["pause"],
  "container.unpause": ["unpause"],
  "container.rename": ["rename"],
  "container.update": ["update"],
  "container.archive.put": ["cp"],
  "container.commit": ["commit"],
};
