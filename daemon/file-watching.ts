// Reloads when a file of the configuration changes, with `watch: true`: waits until writing seems to be over, and asks for
// one reload where anything is other than it was when files were read last.
// SPDX-License-Identifier: Apache-2.0
import { dirname, join } from "node:path";
import type { Config } from "./config/config.ts";
import type { Generations } from "./generations.ts";
import { findSources } from "./host/files.ts";
import { directoriesOf, fingerprint, watchDirectories } from "./host/file-watch.ts";
import type { Log } from "./model/ports.ts";

/** What is watched, and who reloads. */
export interface FileWatchingOptions {
  readonly configFile: string;
  readonly generations: Pick<Generations, "config" | "reload" | "listen">;
  readonly log: Log;
  readonly times?: Partial<WatchTimes>;
}

/** All in milliseconds. */
interface WatchTimes {
  /** Nothing has happened for so long: an editor, or a copy of many files, is done. */
  readonly quietMs: number;
  /** Something happens all the time: look all the same. */
  readonly quietMaxMs: number;
  /** How often files are looked at where the kernel cannot tell of changes. */
  readonly pollMs: number;
}

const defaultTimes: WatchTimes = { quietMs: 500, quietMaxMs: 5_000, pollMs: 10_000 };

/** Follows the files of the generation in force; which ones, and whether at all, each generation says anew. */
export class FileWatching {
  readonly #options: FileWatchingOptions;
  readonly #times: WatchTimes;
  #stopWatching: (() => void) | undefined;
  #seen: Promise<string> | undefined;
  #quiet: NodeJS.Timeout | undefined;
  #firstMs: number | undefined;
  #poll: NodeJS.Timeout | undefined;
  #isErrorSaid = false;
  #isStopped = false;
  #work: Promise<void> = Promise.resolve();

  constructor(options: FileWatchingOptions) {
    this.#options = options;
    this.#times = { ...defaultTimes, ...options.times };
  }

  /** Begins, if the configuration wants it, with the files as they are; resolves when they are watched. Never rejects. */
  start(): Promise<void> {
    const { generations } = this.#options;
    generations.listen({
      onBegin: () => undefined,
      onEnd: () => {
        this.#enqueue(() => this.#arm());
      },
    });
    this.#seen = this.#look();
    this.#enqueue(async () => {
      await this.#seen;
      await this.#arm();
    });
    return this.#work;
  }

  stop(): void {
    this.#isStopped = true;
    this.#disarm();
  }

  #enqueue(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch((error: unknown) => {
      this.#options.log.error("cannot watch the files: reload by hand", { error });
    });
  }

  async #arm(): Promise<void> {
    const { configFile, generations } = this.#options;
    if (this.#isStopped || !generations.config.watch) {
      this.#disarm();
      return;
    }
    const paths = pathsOf(configFile, generations.config);
    const directories = await directoriesOf(paths);
    // The new ones first, so that nothing happens unseen between them.
    const stop = watchDirectories(directories, {
      onChange: () => {
        this.#happened();
      },
      onError: (directory, error) => {
        this.#cannotWatch(directory, error);
      },
    });
    this.#stopWatching?.();
    this.#stopWatching = stop;
    // What happened before they were watched; or nothing, where all was stopped meanwhile.
    this.#happened();
  }

  #disarm(): void {
    this.#stopWatching?.();
    this.#stopWatching = undefined;
    clearTimeout(this.#quiet);
    clearInterval(this.#poll);
    this.#poll = undefined;
    this.#firstMs = undefined;
  }

  #happened(): void {
    if (this.#isStopped) {
      this.#disarm();
      return;
    }
    const nowMs = performance.now();
    this.#firstMs ??= nowMs;
    const leftMs = this.#firstMs + this.#times.quietMaxMs - nowMs;
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(
      () => {
        this.#firstMs = undefined;
        this.#enqueue(() => this.#compare());
      },
      Math.max(0, Math.min(this.#times.quietMs, leftMs)),
    );
  }

  async #compare(): Promise<void> {
    if (this.#isStopped) return;
    const now = await this.#look();
    if (now === (await this.#seen)) return;
    // From before they are read: what changes meanwhile is a change, and read again.
    this.#seen = Promise.resolve(now);
    // Its end arms anew: a directory may be another one by now. Wrong files are said there, once.
    await this.#options.generations.reload("a file changed");
  }

  #cannotWatch(directory: string, error: unknown): void {
    this.#poll ??= setInterval(() => {
      this.#happened();
    }, this.#times.pollMs);
    if (this.#isErrorSaid) return;
    this.#isErrorSaid = true;
    this.#options.log.warn(
      "cannot watch a directory for changes: looking now and then; raise fs.inotify.max_user_watches or max_user_instances",
      {
        directory,
        every_ms: this.#times.pollMs,
        error: error instanceof Error ? error.message : String(error),
      },
    );
  }

  async #look(): Promise<string> {
    const { configFile, generations } = this.#options;
    const found = await Promise.all(pathsOf(configFile, generations.config).map(findSources));
    return fingerprint(found.flat());
  }
}

/** Every file and directory that a reload reads. */
function pathsOf(configFile: string, config: Config): readonly string[] {
  const { rulesFiles, policiesFiles, allowlistFile, outputs } = config;
  const more = outputs.webhooks.flatMap(({ headersFile, tls }) => [
    headersFile,
    tls.caFile,
    tls.certFile,
    tls.keyFile,
  ]);
  return [
    ...[configFile, join(dirname(configFile), "conf.d")],
    ...[...rulesFiles, ...policiesFiles, allowlistFile],
    ...more.filter((path) => path !== undefined),
  ];
}
