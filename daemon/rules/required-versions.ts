// SPDX-License-Identifier: Apache-2.0
import { errorAt, type Diagnostic } from "../text/diagnostic.ts";
import type { Span } from "../text/source.ts";
import { describeYaml, yamlValue, type YamlNode } from "../text/yaml-node.ts";
import type { PluginDefinition, PluginVersion, ReadEntry } from "./definition.ts";
import { parseUnsigned32, type EntryReader } from "./entry-reader.ts";

/** The version of Falco's engine whose rule language this is. */
const engineVersion = [0, 63, 0] as const;

/** Plugins whose fields are built in, with the newest version that is answered for. */
export const builtInPlugins: readonly PluginVersion[] = [{ name: "container", version: "0.99.99" }];

type Version = readonly [major: number, minor: number, patch: number];

/** Reports a `required_engine_version` that is newer than ours. */
export function checkEngineVersion(reader: EntryReader): void {
  reader.warnOfUnknownKeys(new Set(["required_engine_version"]));
  const wanted = reader.named("required_engine_version");
  if (wanted === undefined) return;
  const count = parseUnsigned32(wanted.value);
  const version = count === undefined ? parseVersion(wanted.value) : ([0, count, 0] as const);
  const shown = `"${wanted.value}"`;
  if (version === undefined) {
    const message = `cannot read ${shown} as a version: expected a number or x.y.z`;
    reader.error("engine-version-text", message, wanted.span);
  } else if (!isSatisfied(version, engineVersion)) {
    const message = `cannot load rules for engine ${shown}: this is engine ${engineVersion.join(".")}`;
    reader.error("engine-version", message, wanted.span);
  }
}

/** Reads `required_plugin_versions`, a step for each; whether they are met is another question: `unmetPlugins`. */
export function readPluginVersions(reader: EntryReader): readonly ReadEntry[] {
  reader.warnOfUnknownKeys(new Set(["required_plugin_versions"]));
  const node = yamlValue(reader.map, "required_plugin_versions");
  const items = node && reader.items("required_plugin_versions", node);
  const steps = items?.map((item) => {
    const alternatives = readAlternatives(item, reader);
    if (alternatives.length === 0) return reader.step();
    const requirements = [{ alternatives, span: item.span }];
    return reader.step({ kind: "plugins", requirements });
  });
  return [...(steps ?? []), reader.step()];
}

/** First the shapes of all, then what they say. */
function readAlternatives(item: YamlNode, reader: EntryReader): readonly PluginVersion[] {
  const own = readRequirement(item, reader);
  const list = item.kind === "map" ? yamlValue(item, "alternatives") : undefined;
  const others = list === undefined ? [] : (reader.items("alternatives", list) ?? []);
  const found = [own, ...others.map((node) => readRequirement(node, reader))];
  const requirements = found.filter((requirement) => requirement !== undefined);
  const seen = new Set<string>();
  for (const { name, version, node, at } of requirements) {
    if (parseVersion(version) === undefined) {
      const message = `cannot read "${version}" as a version: expected x.y.z`;
      reader.error("plugin-version", message, at);
    }
    if (seen.has(name)) {
      const message = `cannot ask for plugin "${name}" twice among alternatives`;
      reader.error("plugin-version", message, node);
    }
    seen.add(name);
  }
  return requirements.map(({ name, version }) => ({ name, version }));
}

/** A plugin that is asked for, and where that and its version stand. */
type Requirement = PluginVersion & { readonly node: Span; readonly at: Span };

function readRequirement(node: YamlNode, reader: EntryReader): Requirement | undefined {
  const name = node.kind === "map" ? yamlValue(node, "name") : undefined;
  const version = node.kind === "map" ? yamlValue(node, "version") : undefined;
  if (isText(name) && isText(version)) {
    return { name: name.value, version: version.value, node: node.span, at: version.span };
  }
  const message = `cannot use ${describeYaml(node)} here: expected a map with name and version`;
  reader.error("wrong-type", message, node.span);
  return undefined;
}

function isText(node: YamlNode | undefined): node is YamlNode & { readonly kind: "scalar" } {
  return node?.kind === "scalar" && node.type !== "null" && node.value !== "";
}

/**
 * One error for each requirement that the plugins at hand do not meet: the first alternative whose plugin is at hand
 * decides, by the same major version and one that is not newer.
 */
export function unmetPlugins(
  requirements: readonly PluginDefinition[],
  atHand: readonly PluginVersion[],
): readonly Diagnostic[] {
  // Of a plugin that is there twice the first counts.
  const versions = new Map(atHand.toReversed().map(({ name, version }) => [name, version]));
  return requirements
    .flatMap((definition) => definition.requirements)
    .flatMap(({ alternatives, span }) => unmet(alternatives, versions, span));
}

function unmet(
  alternatives: readonly PluginVersion[],
  versions: ReadonlyMap<string, string>,
  span: Span,
): readonly Diagnostic[] {
  const decisive = alternatives.find(({ name }) => versions.has(name));
  if (decisive !== undefined && isMet(decisive, versions.get(decisive.name) ?? "")) return [];
  const asked = decisive ?? alternatives[0];
  const shown = `"${asked?.name ?? ""}" ${asked?.version ?? ""}`;
  const known = [...versions].map(([name, version]) => `${name} ${version}`).join(", ");
  const message = `cannot provide plugin ${shown}: built in are ${known || "none"}`;
  return [errorAt({ code: "plugin-missing", message, span })];
}

/** A version that is none is told where it is read. */
function isMet({ version }: PluginVersion, atHand: string): boolean {
  const wanted = parseVersion(version);
  const available = parseVersion(atHand);
  return wanted === undefined || (available !== undefined && isSatisfied(wanted, available));
}

/** Three numbers; what follows them does not matter, and blanks may stand before each, as upstream has it (quirk). */
function parseVersion(text: string): Version | undefined {
  const parts = /^\s*\+?([0-9]{1,9})\.\s*\+?([0-9]{1,9})\.\s*\+?([0-9]{1,9})/.exec(text);
  if (parts === null) return undefined;
  return [Number(parts[1]), Number(parts[2]), Number(parts[3])];
}

/** The same major version, and not newer. */
function isSatisfied(wanted: Version, available: Version): boolean {
  if (wanted[0] !== available[0]) return false;
  return wanted[1] < available[1] || (wanted[1] === available[1] && wanted[2] <= available[2]);
}
