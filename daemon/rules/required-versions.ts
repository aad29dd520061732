// SPDX-License-Identifier: Apache-2.0
import { describeYaml, yamlValue, type YamlNode } from "../text/yaml-node.ts";
import type { EntryReader } from "./entry-reader.ts";

/** The version of Falco's engine whose rule language this is. */
const engineVersion = [0, 63, 0] as const;

/** Plugins whose fields are built in, with the newest version that is answered for. */
const builtInPlugins: ReadonlyMap<string, Version> = new Map([["container", [0, 99, 99]]]);

type Version = readonly [major: number, minor: number, patch: number];

/** Reports a `required_engine_version` that is newer than ours. */
export function checkEngineVersion(reader: EntryReader): void {
  reader.warnOfUnknownKeys(new Set(["required_engine_version"]));
  const wanted = reader.named("required_engine_version");
  if (wanted === undefined) return;
  const isCount = /^[0-9]{1,9}$/.test(wanted.value);
  const version = isCount ? ([0, Number(wanted.value), 0] as const) : parseVersion(wanted.value);
  const shown = `"${wanted.value}"`;
  if (version === undefined) {
    const message = `cannot read ${shown} as a version: expected a number or x.y.z`;
    reader.error("engine-version", message, wanted.span);
  } else if (!isSatisfied(version, engineVersion)) {
    const message = `cannot load rules for engine ${shown}: this is engine ${engineVersion.join(".")}`;
    reader.error("engine-version", message, wanted.span);
  }
}

/** Reports `required_plugin_versions` that are not built in, nor any of their alternatives. */
export function checkPluginVersions(reader: EntryReader): void {
  reader.warnOfUnknownKeys(new Set(["required_plugin_versions"]));
  const node = yamlValue(reader.map, "required_plugin_versions");
  if (node === undefined) return;
  for (const item of reader.items("required_plugin_versions", node) ?? []) {
    const wanted = readRequirement(item, reader);
    if (wanted === undefined) continue;
    const list = item.kind === "map" ? yamlValue(item, "alternatives") : undefined;
    const others = list === undefined ? [] : (reader.items("alternatives", list) ?? []);
    const choices = [wanted, ...others.flatMap((other) => readRequirement(other, reader) ?? [])];
    const isMet = choices.some(({ name, version }) => {
      const builtIn = builtInPlugins.get(name);
      return builtIn !== undefined && isSatisfied(version, builtIn);
    });
    if (isMet) continue;
    const known = [...builtInPlugins.keys()].join(", ");
    const message = `cannot provide plugin "${wanted.name}": built in are ${known}`;
    reader.error("plugin-version", message, item.span);
  }
}

interface Requirement {
  readonly name: string;
  readonly version: Version;
}

function readRequirement(node: YamlNode, reader: EntryReader): Requirement | undefined {
  const name = node.kind === "map" ? yamlValue(node, "name") : undefined;
  const version = node.kind === "map" ? yamlValue(node, "version") : undefined;
  if (name?.kind !== "scalar" || version?.kind !== "scalar") {
    const message = `cannot use ${describeYaml(node)} here: expected a map with name and version`;
    reader.error("wrong-type", message, node.span);
    return undefined;
  }
  const parsed = parseVersion(version.value);
  if (parsed !== undefined) return { name: name.value, version: parsed };
  const message = `cannot read "${version.value}" as a version: expected x.y.z`;
  reader.error("plugin-version", message, version.span);
  return undefined;
}

function parseVersion(text: string): Version | undefined {
  const parts = /^([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})(?:[-+].*)?$/.exec(text);
  if (parts === null) return undefined;
  return [Number(parts[1]), Number(parts[2]), Number(parts[3])];
}

/** The same major version, and not newer. */
function isSatisfied(wanted: Version, available: Version): boolean {
  if (wanted[0] !== available[0]) return false;
  return wanted[1] < available[1] || (wanted[1] === available[1] && wanted[2] <= available[2]);
}
