// cli/explain: what rules and policies say of one exec. Comes in: an alert, or what the command line says of an exec.
// Goes out: an explanation as data, as text. Must not know: how the daemon judges live, what it counted.
// SPDX-License-Identifier: Apache-2.0
import type { Container, Image } from "../../model/container.ts";
import type { ExecEvent } from "../../model/event.ts";
import { parseImageReference } from "../../model/image-reference.ts";
import type { ExecutedFile, Process } from "../../model/process.ts";
import { toByteString } from "../../util/byte-string.ts";
import { err, ok, type Result } from "../../util/result.ts";

/** An exec that nobody made. */
export interface ImaginedExec {
  readonly image: string;
  /** argv, blanks between; quotes hold words together. */
  readonly command: string;
  /** Of the program; `/usr/bin/` and its name when left out. */
  readonly path?: string | undefined;
  readonly name?: string | undefined;
  /** `key=value` of the container, image labels included. */
  readonly labels: readonly string[];
  readonly user?: string | undefined;
}

const executable: ExecutedFile = {
  path: "",
  ...{ device: 0, inode: 0n, mode: 0o100755, uid: 0, gid: 0, size: 0, mtimeNs: 0n, ctimeNs: 0n },
};

/** The event of an imagined exec by `sh` in a new container; the error says what is wrong with which option. */
export function imagineExec(exec: ImaginedExec, nowNs: bigint): Result<ExecEvent> {
  const image = imageOf(exec.image, exec.labels);
  if (image === undefined) {
    return err(new Error(`cannot read --image "${exec.image}": expected one such as alpine:3.20`));
  }
  const wrong = exec.labels.find((label) => label.indexOf("=") < 1);
  if (wrong !== undefined) {
    return err(new Error(`cannot read --label "${wrong}": expected key=value`));
  }
  const argv = wordsOf(exec.command).map(toByteString);
  const [program] = argv;
  if (program === undefined) {
    return err(new Error('cannot read --cmd "": expected a command line such as "curl -s x"'));
  }
  const path = exec.path === undefined ? pathOf(program) : toByteString(exec.path);
  return ok({
    kind: "exec",
    ...{ number: 1, timeNs: nowNs, syscall: "execve", tid: 100, isHeld: true, isArgvKnown: true },
    process: processOf({ argv, path, user: exec.user ?? "root", startNs: nowNs }),
    file: { ...executable, path },
    host: { hostname: "", machineId: "", kernel: "", bootId: "" },
    container: containerOf(exec, image),
    allowlists: new Set(),
  });
}

function processOf(parts: {
  readonly argv: readonly string[];
  readonly path: string;
  readonly user: string;
  readonly startNs: bigint;
}): Process {
  const { argv, path, user, startNs } = parts;
  const isNumber = /^[0-9]{1,9}$/.test(user);
  const uid = isNumber ? Number(user) : user === "root" ? 0 : 1000;
  const common = {
    ...{ sid: 90, vsid: 1, pgid: 90, vpgid: 1, tty: 0, uid, gid: uid, env: [], cwd: "/" },
    ...(isNumber ? {} : { userName: toByteString(user) }),
    startTicks: 0n,
    startNs,
  };
  const shell: Process = {
    ...common,
    ...{ pid: 90, vpid: 1, ppid: 80, comm: "sh", exe: "sh", exepath: "/bin/sh", argv: ["sh"] },
  };
  const comm = path.slice(path.lastIndexOf("/") + 1).slice(0, 15);
  return {
    ...common,
    ...{ pid: 100, vpid: 7, ppid: 90, comm, exe: argv[0] ?? "", exepath: path, argv },
    parent: shell,
  };
}

function pathOf(program: string): string {
  return program.includes("/") ? program : `/usr/bin/${program}`;
}

function imageOf(text: string, labels: readonly string[]): Image | undefined {
  const parsed = parseImageReference(text);
  if (parsed === undefined) return undefined;
  const { repository, normalizedRepository, tag, digest, isId } = parsed;
  return {
    reference: text,
    repository,
    normalizedRepository,
    ...(tag === undefined && digest === undefined && !isId ? { tag: "latest" } : {}),
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
    digests: digest === undefined ? [] : [digest],
    id: isId ? normalizedRepository : "",
    labels: recordOf(labels),
  };
}

function containerOf({ name, labels, user }: ImaginedExec, image: Image): Container {
  return {
    id: "0".repeat(64),
    name: name ?? "imagined",
    image,
    labels: recordOf(labels),
    isPrivileged: false,
    mounts: [],
    user: user ?? "",
    networkMode: "bridge",
    state: "running",
    isComplete: true,
  };
}

function recordOf(labels: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    labels.map((label) => {
      const equals = label.indexOf("=");
      return [label.slice(0, equals), label.slice(equals + 1)];
    }),
  );
}

/** Cuts at blanks outside of quotes, as a shell would; nothing else of a shell is understood. */
function wordsOf(text: string): readonly string[] {
  const words = text.matchAll(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g);
  return [...words].map(([word]) =>
    word.replace(
      /"([^"]*)"|'([^']*)'/g,
      (_, double?: string, single?: string) => double ?? single ?? "",
    ),
  );
}
