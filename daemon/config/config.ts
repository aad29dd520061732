// config: execwarden.yaml and conf.d. Comes in: their texts. Goes out: one Config with every default filled in, or
// diagnostics. Must not know: where files lie, what the environment is, what the settings are used for.
// SPDX-License-Identifier: Apache-2.0

/** All settings of the daemon. */
export interface Config {
  readonly docker: {
    /** `unix:///…`, `tcp://…`, `http://…` or `https://…`. */
    readonly host: string;
  };
  /** Files and directories; later ones override. */
  readonly rulesFiles: readonly string[];
  readonly policiesFiles: readonly string[];
  readonly allowlistFile: string;
  /** `monitor`: nothing is enforced, whatever policies say. */
  readonly mode: "monitor" | "enforce";
  readonly gate: {
    /** How long a held exec may wait for its decision, milliseconds. */
    readonly deadlineMs: number;
    /** The answer when that is over. */
    readonly onDeadline: "allow" | "deny";
  };
  readonly control: {
    readonly socket: string;
    /** Group that may use the socket. */
    readonly group: string;
    /** Those of them who may also change what the daemon does; root alone when left out. */
    readonly writersGroup?: string;
  };
  readonly outputs: {
    /** Absent when switched off. */
    readonly stdout?: { readonly format: "auto" | "text" | "json" };
    readonly file?: { readonly path: string };
    readonly webhooks: readonly WebhookConfig[];
  };
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
}
