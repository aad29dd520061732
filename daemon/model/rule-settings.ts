// SPDX-License-Identifier: Apache-2.0
import type { Priority } from "./alert.ts";

/** One entry of the configuration list `rules`: which loaded rules to switch on or off. */
export interface RuleSelection {
  readonly action: "enable" | "disable";
  /** `rule`: a name in which `*` stands for any text; `tag`: a tag that the rule has. Both are case-sensitive. */
  readonly by: "rule" | "tag";
  readonly pattern: string;
}

/** A field that alerts carry beside those that their output names. */
export interface ExtraField {
  readonly name: string;
  /** An output text; its result is the value. */
  readonly format: string;
  /** The value keeps its type: `format` is then one field, and `name` is that field. */
  readonly isRaw: boolean;
}

/** One entry of the configuration list `append_output`: what is added to which rules' outputs. */
export interface AppendOutput {
  /** All that are given must hold; `tags`: the rule has every one of them. */
  readonly match?: {
    readonly source?: string;
    readonly rule?: string;
    readonly tags?: readonly string[];
  };
  /** Output text that is added behind a blank. */
  readonly extraOutput?: string;
  readonly extraFields?: readonly ExtraField[];
  /** Adds the fields that their owners suggest (container and pod), as `name_of_field=%name.of.field`. */
  readonly isSuggested?: boolean;
}

/** Which rules are in force, how they answer, and what is added to their outputs. Plain data. */
export interface RuleSettings {
  /** Applied in order. */
  readonly selection: readonly RuleSelection[];
  /** Rules less severe than this are left out. */
  readonly minPriority: Priority;
  /** Whether the first rule that matches ends the search. */
  readonly matching: "first" | "all";
  readonly append: readonly AppendOutput[];
}
