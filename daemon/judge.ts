// Rules, policies and allowlists, loaded together and put behind the pipeline's one port.
// SPDX-License-Identifier: Apache-2.0
import type { Container } from "./model/container.ts";
import type { ContentQuestion } from "./guard/contents.ts";
import type { Place } from "./model/event.ts";
import type { SourceText } from "./model/guard-messages.ts";
import type { RuleSettings } from "./model/rule-settings.ts";
import type { Judge } from "./pipeline-port.ts";
import {
  allowlistMacros,
  allowlistsOf,
  programListsOf,
  readAllowlist,
  type Allowlist,
} from "./policy/allowlist.ts";
import { decide, denies } from "./policy/decide.ts";
import type { LimitState } from "./policy/limits.ts";
import { readPoliciesInSteps } from "./policy/policy-file.ts";
import type { Policy } from "./policy/policy.ts";
import { asksForDigests, type ProgramList } from "./policy/programs.ts";
import { couldDeny, refusingPolicies } from "./policy/scope.ts";
import { compileScope, loadRulesInSteps } from "./rules/load.ts";
import type { Rule, Ruleset } from "./rules/ruleset.ts";
import { defaultSource } from "./rules/subject.ts";
import type { Diagnostic } from "./text/diagnostic.ts";
import { splitEntries } from "./text/yaml-flow.ts";
import { finish, type Steps } from "./util/steps.ts";

/** What the user's files say, as texts. */
export interface JudgeSources {
  readonly rules: readonly SourceText[];
  readonly policies: readonly SourceText[];
  readonly allowlist?: SourceText;
  readonly ruleSettings: RuleSettings;
  /** Names that `notify` may use. */
  readonly outputNames: readonly string[];
}

/** The user's files, compiled. */
export interface LoadedJudge {
  readonly ruleset: Ruleset;
  readonly policies: readonly Policy[];
  readonly allowlists: readonly Allowlist[];
  /** What the rules ask about the contents of files. */
  readonly question: ContentQuestion;
}

const noAllowlists: ReadonlySet<string> = new Set();
const noLists: readonly ProgramList[] = [];

/** Reads everything and reports every fault of every file; `loaded` is there when no error is. */
export function loadJudge(sources: JudgeSources): {
  readonly loaded?: LoadedJudge;
  readonly diagnostics: readonly Diagnostic[];
} {
  return finish(loadJudgeInSteps(sources));
}

/** As `loadJudge`, in steps of about a millisecond where files are small. */
export function* loadJudgeInSteps(sources: JudgeSources): Steps<{
  readonly loaded?: LoadedJudge;
  readonly diagnostics: readonly Diagnostic[];
}> {
  const allowlist = sources.allowlist && readAllowlist(sources.allowlist);
  const allowlists = allowlist?.allowlists ?? [];
  const rules = yield* loadRulesInSteps({
    files: sources.rules,
    macros: allowlistMacros(allowlists),
    settings: sources.ruleSettings,
  });
  const known = rules.ruleset?.rules;
  const policies = yield* readPoliciesInSteps(sources.policies, {
    compileScope,
    outputs: new Set(sources.outputNames),
    ...(known === undefined
      ? {}
      : {
          ruleNames: new Set(known.map((rule) => rule.name)),
          tags: new Set(known.flatMap((rule) => rule.tags)),
        }),
  });
  const diagnostics = [
    ...(allowlist?.diagnostics ?? []),
    ...rules.diagnostics,
    ...policies.diagnostics,
  ];
  const isSound = diagnostics.every((diagnostic) => diagnostic.severity !== "error");
  if (!isSound || rules.ruleset === undefined) return { diagnostics };
  return {
    loaded: {
      ...{ ruleset: rules.ruleset, policies: policies.policies, allowlists },
      question: questionOf(sources.rules),
    },
    diagnostics,
  };
}

// A name in a comment asks as well: that costs time, and is never wrong.
function questionOf(files: readonly SourceText[]): ContentQuestion {
  const names = (...fields: readonly string[]): boolean =>
    files.some(({ text }) => fields.some((field) => text.includes(field)));
  if (names("proc.exe_sha256")) return "digest";
  return names("proc.image_path", "proc.applet") ? "image-path" : "nothing";
}

/**
 * The same files in small pieces, so that loading them in steps holds nobody up for long. For files that were found to
 * be sound: what is reported of the pieces has other places.
 */
export function* splitJudgeSources(sources: JudgeSources): Steps<JudgeSources> {
  const rules: SourceText[] = [];
  const policies: SourceText[] = [];
  for (const source of sources.rules) {
    rules.push(...splitEntries(source));
    yield;
  }
  for (const source of sources.policies) {
    policies.push(...splitEntries(source, "policies"));
    yield;
  }
  return { ...sources, rules, policies };
}

/** The judge of the pipeline, and the question that decides whether a container's execs are held. */
export interface LiveJudge extends Judge {
  /** Whether some policy in force could refuse an exec in this place. */
  couldDeny(place: Place): boolean;
  /** What is to be known of the contents of files in this container. */
  questionOf(container: Container): ContentQuestion;
  /** The same for whichever container asks for most. */
  readonly widestQuestion: ContentQuestion;
}

/** What the loaded files judge with. */
export interface JudgeOptions {
  readonly mode: "monitor" | "enforce";
  readonly monotonicMs: () => number;
  readonly limits: LimitState;
  /** Why nothing is enforced at the moment; undefined when it is. */
  readonly pausedText?: () => string | undefined;
}

/** Makes the loaded files judge; allowlists are looked up once per version of a container. */
export function createJudge(loaded: LoadedJudge, options: JudgeOptions): LiveJudge {
  const { ruleset, policies, allowlists } = loaded;
  const { mode, limits, monotonicMs, pausedText = (): undefined => undefined } = options;
  const rules = rulesOfExecs(ruleset);
  const hasLists = allowlists.some(({ programs }) => programs !== undefined);
  const anywhere = refusingPolicies(policies, rules.filter(isForAll), mode);
  const listed = hasLists ? refusingPolicies(policies, rules, mode) : anywhere;
  const allowed = new WeakMap<Container, ReadonlySet<string>>();
  const listsOf = rememberLists(allowlists);
  return {
    match: (event) => ruleset.match(event),
    decide: (event, matches) =>
      decide({
        ...{ event, matches, policies, mode, limits },
        nowMs: monotonicMs(),
        pausedText: pausedText(),
      }),
    allowlistsOf(container) {
      if (container === undefined) return noAllowlists;
      const known = allowed.get(container) ?? allowlistsOf(container, allowlists);
      allowed.set(container, known);
      return known;
    },
    denies: (event) =>
      denies({
        ...{ event, matches: ruleset.match(event), policies, mode },
        pausedText: pausedText(),
      }),
    programListsOf: listsOf,
    widestQuestion: widest(
      loaded.question,
      allowlists.flatMap(({ programs }) => programs ?? []),
    ),
    questionOf: (container) => widest(loaded.question, listsOf(container)),
    couldDeny: (place) => couldDeny(place, listsOf(place.container).length > 0 ? listed : anywhere),
    canDeny: listed.length > 0,
  };
}

/** Looks up what lists say of programs once per version of a container; costs nothing where none says anything. */
function rememberLists(
  allowlists: readonly Allowlist[],
): (container: Container | undefined) => readonly ProgramList[] {
  if (allowlists.every(({ programs }) => programs === undefined)) return () => noLists;
  const known = new WeakMap<Container, readonly ProgramList[]>();
  return (container) => {
    if (container === undefined) return noLists;
    const lists = known.get(container) ?? programListsOf(container, allowlists);
    known.set(container, lists);
    return lists;
  };
}

function widest(ofRules: ContentQuestion, lists: readonly ProgramList[]): ContentQuestion {
  if (lists.length === 0 || ofRules === "digest") return ofRules;
  return lists.some(asksForDigests) ? "digest" : "image-path";
}

function isForAll({ needsProgramList }: Rule): boolean {
  return needsProgramList !== true;
}

/** The rules in force that an exec may match. */
function rulesOfExecs({ enabled }: Ruleset): readonly Rule[] {
  return enabled.filter(
    ({ source, inactiveBecause }) => source === defaultSource && inactiveBecause === undefined,
  );
}
