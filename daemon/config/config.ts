// config: execwarden.yaml and conf.d. Comes in: their texts. Goes out: one Config with every default filled in, or
// diagnostics. Must not know: where files lie, what the environment is, what the settings are used for.
// SPDX-License-Identifier: Apache-2.0
import type { Priority } from "../model/alert.ts";
import type { BudgetSettings } from "../model/budget.ts";
import type { AppendOutput, RuleSelection } from "../model/rule-settings.ts";

/** All settings of the daemon. */
export interface Config {
  readonly docker: {
    /** `unix:///…`, `tcp://…`, `http://…` or `https://…`. */
    readonly host: string;
  };
  /** Files and directories; later ones override. */
  readonly rulesFiles: readonly string[];
  /** Which rules are in force, in order; as the next three, Falco's settings of the same names. */
  readonly rules: readonly RuleSelection[];
  /** Rules less severe than this are left out. */
  readonly priority: Priority;
  /** `first`: the first rule that matches is the only one. */
  readonly ruleMatching: "first" | "all";
  readonly appendOutput: readonly AppendOutput[];
  readonly policiesFiles: readonly string[];
  readonly allowlistFile: string;
  /** `monitor`: nothing is enforced, whatever policies say. */
  readonly mode: "monitor" | "enforce";
  readonly gate: {
    /** How long a held exec may wait for its decision, milliseconds. */
    readonly deadlineMs: number;
    /** The answer when that is over. */
    readonly onDeadline: "allow" | "deny";
    /** How many execs of one container are no flood. */
    readonly budget: BudgetSettings;
    /** Whether execs wait while the daemon is started again, instead of going on unseen. */
    readonly keepOverRestart: boolean;
  };
  /** The second view of execs, by the kernel's audit records. */
  readonly witness: {
    /** `gaps`: what the gate cannot see. `full`: every exec of every container. */
    readonly mode: "gaps" | "full" | "off";
    /** Whether programs run from memory (memfd_create(2)) are recorded. */
    readonly memfd: boolean;
  };
  readonly control: {
    readonly socket: string;
    /** Group that may use the socket. */
    readonly group: string;
    /** Those of them who may also change what the daemon does; root alone when left out. */
    readonly writersGroup?: string;
  };
  /** What Docker's authorization plugin asks. */
  readonly plugin: {
    readonly socket: string;
    /** How long a request may wait for its decision, milliseconds. */
    readonly deadlineMs: number;
    /** The answer in enforce mode when one cannot be judged. */
    readonly onFailure: "allow" | "deny";
  };
  readonly outputs: OutputsConfig;
  /** Whether a file that changes is read at once. */
  readonly watch: boolean;
  /** Where the daemon keeps when it last guarded. */
  readonly stateDirectory: string;
}

/** Where alerts go. */
export interface OutputsConfig {
  /** What may wait in memory in front of each output. */
  readonly queue: { readonly alertsMax: number; readonly bytesMax: number };
  /** Absent when switched off. */
  readonly stdout?: { readonly format: "auto" | "text" | "json" };
  readonly file?: {
    readonly path: string;
    /** Absent: somebody else rotates it. */
    readonly rotate?: { readonly bytesMax: number; readonly keep: number };
  };
  readonly webhooks: readonly WebhookConfig[];
}

/** One address that alerts are posted to. */
export interface WebhookConfig {
  /** Unique among all outputs. */
  readonly name: string;
  readonly url: string;
  /** For one post, milliseconds. */
  readonly timeoutMs: number;
  /** Sent along with every post; they may hold secrets. */
  readonly headers: Readonly<Record<string, string>>;
  /** More of them, one `Name: value` a line. */
  readonly headersFile?: string;
  readonly tls: {
    /** PEM files. */
    readonly caFile?: string;
    readonly certFile?: string;
    readonly keyFile?: string;
  };
  /** Posts under way at the same time. */
  readonly requestsMax: number;
  readonly retry: {
    readonly firstPauseMs: number;
    readonly pauseMaxMs: number;
    readonly attemptsMax: number;
  };
  /** Absent: what waits is lost when the daemon ends. */
  readonly spool?: SpoolConfig;
  /** What the files named above held when the configuration was read. */
  readonly loaded?: {
    readonly headers: Readonly<Record<string, string>>;
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
  };
}

/** Where alerts wait on disk. */
export interface SpoolConfig {
  /** Holds one directory for each webhook. */
  readonly directory: string;
  /** For one webhook. */
  readonly bytesMax: number;
  /** `always`: after each write; `interval`: each second; `never`: when the kernel likes. */
  readonly fsync: "always" | "interval" | "never";
}
