// SPDX-License-Identifier: Apache-2.0
import {
  Composer,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Parser,
  CST,
  type Range,
  type Scalar,
  type YAMLMap,
} from "yaml";
import { errorAt, type Diagnostic } from "./diagnostic.ts";
import type { LocatedText } from "./located-text.ts";
import { mapScalar, type RawScalar, type ScalarMap, type ScalarStyle } from "./scalar-map.ts";
import type { Source, Span } from "./source.ts";
import { childTokens, firstFault } from "./yaml-faults.ts";
import type { YamlEntry, YamlMap, YamlNode, YamlScalar, YamlScalarType } from "./yaml-node.ts";

/** What one YAML text may cost: UTF-16 units, nesting levels, nodes after aliases are written out. */
export const yamlLimits = { sizeMax: 4_194_304, depthMax: 100, nodesMax: 200_000 } as const;

/** Options of `readYaml`. */
export interface YamlOptions {
  /** Accept several documents (`---`); otherwise a second one is an error. */
  readonly multiDocument?: boolean;
}

/** What was read: with errors among the diagnostics the documents are empty. */
export interface YamlResult {
  readonly documents: readonly YamlNode[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads YAML 1.2 text to node trees with exact places; never throws, whatever the text. */
export function readYaml(source: Source, options: YamlOptions = {}): YamlResult {
  if (source.text.length > yamlLimits.sizeMax) {
    const message = `cannot read ${source.name}: it is larger than ${yamlLimits.sizeMax} characters`;
    return { documents: [], diagnostics: [errorAt({ code: "yaml-limit", message })] };
  }
  const tokens = [...new Parser().parse(source.text)];
  const tooDeep = findTooDeep(tokens);
  if (tooDeep !== undefined) {
    const span = { source, start: tooDeep, end: tooDeep + 1 };
    const message = `cannot read YAML nested deeper than ${yamlLimits.depthMax} levels`;
    return { documents: [], diagnostics: [errorAt({ code: "yaml-limit", message, span })] };
  }
  return new TreeBuilder(source).build(tokens, options);
}

/** Nesting is measured before composing, whose recursion would otherwise be the limit. */
function findTooDeep(tokens: readonly CST.Token[]): number | undefined {
  const pending = tokens.map((token) => ({ token, depth: 0 }));
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { token, depth } = next;
    if (depth > yamlLimits.depthMax && "offset" in token) return token.offset;
    for (const child of childTokens(token)) pending.push({ token: child, depth: depth + 1 });
  }
  return undefined;
}

const styles: Readonly<Partial<Record<CST.Token["type"], ScalarStyle>>> = {
  scalar: "plain",
  "single-quoted-scalar": "single-quoted",
  "double-quoted-scalar": "double-quoted",
  "block-scalar": "block",
};

/** Turns what the package composed into our own nodes; one use per text. */
class TreeBuilder {
  readonly #source: Source;
  readonly #diagnostics: Diagnostic[] = [];
  /** Nodes by anchor, with the count of nodes they stand for. */
  #anchors = new Map<string, { readonly node: YamlNode; readonly count: number }>();
  #count = 0;

  constructor(source: Source) {
    this.#source = source;
  }

  build(tokens: readonly CST.Token[], options: YamlOptions): YamlResult {
    const documents: YamlNode[] = [];
    const composer = new Composer({
      schema: "failsafe",
      keepSourceTokens: true,
      prettyErrors: false,
      uniqueKeys: false,
      logLevel: "silent",
    });
    for (const document of composer.compose(tokens, true, this.#source.text.length)) {
      const fault = firstFault(document.errors, this.#source.text, tokens);
      if (fault !== undefined && this.#diagnostics.length === 0) {
        const span = this.#span(fault.start, fault.end);
        this.#report("yaml-syntax", `cannot read YAML: ${fault.message}`, span);
      }
      if (this.#diagnostics.length > 0) continue;
      this.#anchors = new Map();
      const node = this.#convert(document.contents, document.range[0]);
      if (documents.length === 1 && options.multiDocument !== true) {
        this.#report("yaml-syntax", "cannot read a second YAML document in this file", node.span);
      }
      documents.push(node);
    }
    const diagnostics = this.#diagnostics;
    return { documents: diagnostics.length > 0 ? [] : documents, diagnostics };
  }

  #convert(node: unknown, at: number): YamlNode {
    this.#count += 1;
    if (this.#count > yamlLimits.nodesMax) return this.#overLimit(at);
    if (isAlias(node)) return this.#resolveAlias(node.source, node.range?.[0] ?? at);
    const before = this.#count;
    const converted = this.#convertContent(node, at);
    if ((isScalar(node) || isMap(node) || isSeq(node)) && node.anchor !== undefined) {
      this.#anchors.set(node.anchor, { node: converted, count: this.#count - before + 1 });
    }
    return converted;
  }

  #convertContent(node: unknown, at: number): YamlNode {
    if (isScalar(node)) return this.#convertScalar(node, at);
    if (isSeq(node)) {
      const span = this.#rangeOf(node, at);
      const items = node.items.map((item) => this.#convert(item, span.end));
      return { kind: "sequence", span, items };
    }
    if (isMap(node)) return this.#convertMap(node, this.#rangeOf(node, at));
    return this.#emptyScalar(at);
  }

  #convertMap(node: YAMLMap, span: Span): YamlMap {
    const entries: YamlEntry[] = [];
    for (const pair of node.items) {
      const key = this.#convert(pair.key, span.start);
      const value = this.#convert(pair.value, key.span.end);
      if (key.kind === "scalar") entries.push({ key, value });
      else this.#report("yaml-key", "cannot use a list or a map as a key: keys are text", key.span);
    }
    return { kind: "map", span, entries };
  }

  #convertScalar(node: Scalar, at: number): YamlScalar {
    const token = node.srcToken;
    const style = token === undefined ? undefined : styles[token.type];
    if (style === undefined || !isScalarToken(token) || typeof node.value !== "string") {
      return this.#emptyScalar(node.range?.[0] ?? at);
    }
    const value = node.value;
    const props = token.type === "block-scalar" ? lengthOf(token.props) : 0;
    const rawStart = token.offset + props;
    const span = this.#span(token.offset, rawStart + token.source.length);
    const raw = { style, decoded: value, raw: token.source, rawStart };
    const text = locateScalar(span, raw);
    return { kind: "scalar", type: scalarType(value, style, node.tag), value, text, span };
  }

  #emptyScalar(at: number): YamlScalar {
    const span = this.#span(at, at);
    const text = { value: "", source: this.#source, spanOf: () => span };
    return { kind: "scalar", type: "null", value: "", text, span };
  }

  #resolveAlias(name: string, at: number): YamlNode {
    const target = this.#anchors.get(name);
    if (target === undefined) {
      const span = this.#span(at, at + name.length + 1);
      this.#report("yaml-alias", `cannot find the anchor "&${name}" before this alias`, span);
      return this.#emptyScalar(at);
    }
    this.#count += target.count;
    return this.#count > yamlLimits.nodesMax ? this.#overLimit(at) : target.node;
  }

  #overLimit(at: number): YamlNode {
    if (!this.#diagnostics.some(({ code }) => code === "yaml-limit")) {
      const message = `cannot read YAML of more than ${yamlLimits.nodesMax} nodes, aliases written out`;
      this.#report("yaml-limit", message, this.#span(at, at + 1));
    }
    return this.#emptyScalar(at);
  }

  #rangeOf(node: { readonly range?: Range | null }, at: number): Span {
    return this.#span(node.range?.[0] ?? at, node.range?.[1] ?? at);
  }

  #span(start: number, end: number): Span {
    const last = this.#source.text.length;
    return { source: this.#source, start: Math.min(start, last), end: Math.min(end, last) };
  }

  #report(code: string, message: string, span: Span): void {
    this.#diagnostics.push(errorAt({ code, message, span }));
  }
}

function isScalarToken(token: CST.Token | undefined): token is CST.FlowScalar | CST.BlockScalar {
  return CST.isScalar(token);
}

function lengthOf(props: CST.BlockScalar["props"]): number {
  let length = 0;
  for (const token of props) length += CST.stringify(token).length;
  return length;
}

/** The map of a scalar is only built when somebody asks for a place. */
function locateScalar(span: Span, raw: RawScalar): LocatedText {
  const { source } = span;
  let map: ScalarMap | undefined;
  return {
    value: raw.decoded,
    source,
    spanOf(start, end) {
      map ??= mapScalar(raw);
      const from = map.starts[start] ?? map.ends.at(-1) ?? span.start;
      const to = end > start ? (map.ends[end - 1] ?? map.ends.at(-1) ?? span.end) : from;
      return { source, start: from, end: to };
    },
  };
}

/** YAML 1.2.2, 10.3.2 (core schema). */
function scalarType(value: string, style: ScalarStyle, tag: string | undefined): YamlScalarType {
  if (tag === "tag:yaml.org,2002:str") return "string";
  if (style !== "plain") return "string";
  if (/^(?:null|Null|NULL|~|)$/.test(value)) return "null";
  if (/^(?:true|True|TRUE|false|False|FALSE)$/.test(value)) return "boolean";
  if (/^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$/.test(value)) return "integer";
  if (/^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/.test(value)) return "float";
  if (/^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/.test(value)) return "float";
  return "string";
}
