// SPDX-License-Identifier: Apache-2.0
import type { AppendOutput } from "../model/rule-settings.ts";
import type { Diagnostic } from "../text/diagnostic.ts";
import { finish } from "../util/steps.ts";
import { Collector, type Collection } from "./collect.ts";
import { compileCollection, surroundingsOf, type Compilation } from "./compile.ts";
import type { ReadResult } from "./read.ts";
import type { RuleSubject } from "./subject.ts";

/** What came of loading one file, as Falco tells it: the first error ends it. */
export interface FileResult<E> {
  readonly error?: Diagnostic;
  /** Those found before the error, in the order in which they were found, repeats kept. */
  readonly warnings: readonly Diagnostic[];
  /** What holds after this file, when it is right. */
  readonly compilation?: Compilation<E>;
}

/** How Falco's engine loads. */
export interface SequentialOptions<E> {
  readonly subject: RuleSubject<E>;
  readonly append: readonly AppendOutput[];
}

/**
 * Loads rule files one by one into one collection, as Falco's engine does: a file is read up to its first error, and
 * everything collected so far is compiled again after each file.
 */
export class SequentialLoader<E> {
  readonly collection: Collection;
  readonly #collector: Collector;
  readonly #options: SequentialOptions<E>;

  constructor(options: SequentialOptions<E>) {
    this.#options = options;
    this.#collector = new Collector(surroundingsOf(options.subject));
    this.collection = this.#collector;
  }

  load({ entries, diagnostics }: ReadResult): FileResult<E> {
    const [fault] = diagnostics;
    if (fault !== undefined) return { error: fault, warnings: [] };
    const warnings: Diagnostic[] = [];
    for (const { definition, diagnostics: found, isEmptyDocument } of entries) {
      if (isEmptyDocument === true) break;
      const error = takeWarnings(found, warnings);
      if (error !== undefined) return { error, warnings };
      const added = definition === undefined ? [] : this.#collector.add(definition);
      const refusal = takeWarnings(added, warnings);
      if (refusal !== undefined) return { error: refusal, warnings };
    }
    const { subject, append } = this.#options;
    const none = new Map<string, string>();
    const around = { subject, append, generated: none, builtIn: none };
    const compilation = finish(compileCollection(this.#collector, around));
    const error = takeWarnings(compilation.diagnostics, warnings);
    return error === undefined ? { warnings, compilation } : { error, warnings };
  }
}

/** Moves warnings up to the first error, which is returned. */
function takeWarnings(
  diagnostics: readonly Diagnostic[],
  warnings: Diagnostic[],
): Diagnostic | undefined {
  for (const diagnostic of diagnostics) {
    if (diagnostic.severity === "error") return diagnostic;
    warnings.push(diagnostic);
  }
  return undefined;
}
