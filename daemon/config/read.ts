// SPDX-License-Identifier: Apache-2.0
import { errorAt, hasErrors, type Diagnostic } from "../text/diagnostic.ts";
import { readWithSchema } from "../text/schema.ts";
import type { Source, Span } from "../text/source.ts";
import { nodeAt, plainValue } from "../text/yaml-path.ts";
import type { YamlNode } from "../text/yaml-node.ts";
import { assert } from "../util/assert.ts";
import type { Config } from "./config.ts";
import { toOutputsConfig } from "./outputs-config.ts";
import { toAppendOutput, toSelection } from "./rules-config.ts";
import { hideSecrets } from "./secrets.ts";
import { configSchema, isDockerHost, type ConfigInput } from "./schema.ts";

/** What was read; with errors among the diagnostics there is no configuration. */
export interface ConfigResult {
  readonly config?: Config;
  readonly diagnostics: readonly Diagnostic[];
}

/** What the environment says, where the files say nothing. */
export interface ConfigEnvironment {
  /** DOCKER_HOST. */
  readonly dockerHost?: string;
}

const dockerHostDefault = "unix:///var/run/docker.sock";

/**
 * Reads execwarden.yaml and then conf.d/*.yaml in lexical order: later files win key by key, and a list replaces the
 * whole list. Every fault of every file is reported.
 */
export function readConfig(
  sources: readonly Source[],
  environment: ConfigEnvironment,
): ConfigResult {
  const diagnostics: Diagnostic[] = [];
  let merged: unknown = {};
  for (const source of sources) {
    const { root, diagnostics: faults } = readWithSchema(source, configSchema);
    const more = root === undefined ? [] : checkWebhookNames(root);
    diagnostics.push(...hideSecrets([...faults, ...more], source, root));
    if (root === undefined) continue;
    merged = merge(merged, plainValue(root));
  }
  const host = dockerHostOf(merged, environment);
  diagnostics.push(...host.diagnostics);
  if (hasErrors(diagnostics)) return { diagnostics };
  const parsed = configSchema.safeParse(merged);
  // Each file holds for itself, maps are merged by key and lists are taken whole.
  assert(parsed.success, "configurations that hold one by one hold merged");
  return { config: toConfig(parsed.data, host.host), diagnostics };
}

function checkWebhookNames(root: YamlNode): readonly Diagnostic[] {
  const list = nodeAt(root, ["outputs", "webhooks"]);
  const items = list?.kind === "sequence" ? list.items : [];
  const firstNamed = new Map<string, Span>();
  const faults: Diagnostic[] = [];
  for (const item of items) {
    const node = nodeAt(item, ["name"]);
    if (node?.kind !== "scalar" || node.value === "") continue;
    const first = firstNamed.get(node.value);
    if (first === undefined) firstNamed.set(node.value, node.span);
    else
      faults.push(
        errorAt({
          code: "repeated-output",
          message: `cannot define the output "${node.value}" twice: give this one another name`,
          span: node.span,
          notes: [{ message: "first defined here", span: first }],
        }),
      );
  }
  return faults;
}

interface DockerHost {
  readonly host: string;
  readonly diagnostics: readonly Diagnostic[];
}

function dockerHostOf(merged: unknown, { dockerHost }: ConfigEnvironment): DockerHost {
  const docker = isMap(merged) ? merged["docker"] : undefined;
  const written = isMap(docker) ? docker["host"] : undefined;
  if (typeof written === "string") return { host: written, diagnostics: [] };
  if (dockerHost === undefined || dockerHost === "")
    return { host: dockerHostDefault, diagnostics: [] };
  if (isDockerHost(dockerHost)) return { host: dockerHost, diagnostics: [] };
  const message = `cannot use DOCKER_HOST "${dockerHost}": expected an address such as ${dockerHostDefault}`;
  return { host: dockerHost, diagnostics: [errorAt({ code: "docker-host", message })] };
}

function merge(earlier: unknown, later: unknown): unknown {
  if (later === undefined) return earlier;
  if (!isMap(earlier) || !isMap(later)) return later;
  const keys = new Set([...Object.keys(earlier), ...Object.keys(later)]);
  return Object.fromEntries([...keys].map((key) => [key, merge(earlier[key], later[key])]));
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function toConfig(input: ConfigInput, dockerHost: string): Config {
  return {
    docker: { host: dockerHost },
    rulesFiles: input.rules_files,
    rules: input.rules.flatMap(toSelection),
    priority: input.priority,
    ruleMatching: input.rule_matching,
    appendOutput: input.append_output.map(toAppendOutput),
    policiesFiles: input.policies_files,
    allowlistFile: input.allowlist_file,
    mode: input.mode,
    gate: gateOf(input.gate),
    witness: input.witness,
    control: controlOf(input.control),
    plugin: pluginOf(input),
    outputs: toOutputsConfig(input.outputs),
    watch: input.watch,
    stateDirectory: input.state_directory,
  };
}

function gateOf(gate: ConfigInput["gate"]): Config["gate"] {
  return {
    deadlineMs: gate.deadline,
    onDeadline: gate.on_deadline,
    budget: { execsPerSecond: gate.budget.execs_per_second, burst: gate.budget.burst },
    keepOverRestart: gate.keep_over_restart,
  };
}

function pluginOf({ plugin, control }: ConfigInput): Config["plugin"] {
  const directory = control.socket.slice(0, control.socket.lastIndexOf("/"));
  return {
    socket: plugin.socket ?? `${directory}/authz.sock`,
    deadlineMs: plugin.deadline,
    onFailure: plugin.on_failure,
  };
}

function controlOf({ socket, group, writers_group }: ConfigInput["control"]): Config["control"] {
  return {
    socket,
    group,
    ...(writers_group === undefined ? {} : { writersGroup: writers_group }),
  };
}
