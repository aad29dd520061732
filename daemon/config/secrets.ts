// SPDX-License-Identifier: Apache-2.0
import type { Diagnostic } from "../text/diagnostic.ts";
import type { Source, Span } from "../text/source.ts";
import { nodeAt } from "../text/yaml-path.ts";
import type { YamlNode } from "../text/yaml-node.ts";

/**
 * Diagnostics of a configuration whose excerpts and messages do not show what may be secret: values of headers, and
 * addresses of webhooks, which often hold a token. Positions stay as they are.
 */
export function hideSecrets(
  diagnostics: readonly Diagnostic[],
  source: Source,
  root: YamlNode | undefined,
): readonly Diagnostic[] {
  const secrets = root === undefined ? [] : secretSpans(root);
  const shown: Source = {
    ...source,
    text: root === undefined ? maskByName(source.text) : mask(source.text, secrets),
  };
  const reveal = (span: Span): Span => (span.source === source ? { ...span, source: shown } : span);
  return diagnostics.map(({ span, message, notes, ...rest }) => {
    const isSecret =
      span !== undefined &&
      secrets.some(
        ({ start, end }) => start < Math.max(span.end, span.start + 1) && span.start < end,
      );
    return {
      ...rest,
      message: isSecret ? withoutValue(message) : message,
      notes: notes.map((note) =>
        note.span === undefined ? note : { ...note, span: reveal(note.span) },
      ),
      ...(span === undefined ? {} : { span: reveal(span) }),
    };
  });
}

function secretSpans(root: YamlNode): readonly Span[] {
  const webhooks = nodeAt(root, ["outputs", "webhooks"]);
  const items = webhooks?.kind === "sequence" ? webhooks.items : [];
  return items.flatMap((item) => {
    const url = nodeAt(item, ["url"]);
    const address = url?.kind === "scalar" && holdsSecret(url.value) ? [url] : [];
    const headers = nodeAt(item, ["headers"]);
    const values = headers?.kind === "map" ? headers.entries.map(({ value }) => value) : [headers];
    return [...address, ...values].flatMap((node) => (node === undefined ? [] : [node.span]));
  });
}

/** User and password, a query, or a part of the path that is as long as a token. */
function holdsSecret(url: string): boolean {
  return /[@?]/.test(url) || /\/[^/]{16,}/.test(url.replace(/^[a-z]+:\/\/[^/]*/i, ""));
}

/** As long as before, line by line, so that places stay. */
function mask(text: string, spans: readonly Span[]): string {
  let masked = text;
  for (const { start, end } of spans)
    masked =
      masked.slice(0, start) +
      masked.slice(start, end).replaceAll(/[^\n]/g, "*") +
      masked.slice(end);
  return masked;
}

const secretName = /(?:authorization|token|secret|password|api[-_]?key|cookie|url)["']?\s*:/i;

/** For a text that is no YAML: the rest of a line after a name that sounds like a secret. */
function maskByName(text: string): string {
  return text
    .split("\n")
    .map((line) => {
      const found = secretName.exec(line);
      if (found === null) return line;
      const from = found.index + found[0].length;
      return line.slice(0, from) + "*".repeat(line.length - from);
    })
    .join("\n");
}

function withoutValue(message: string): string {
  const at = message.lastIndexOf(", got ");
  return at < 0 ? message : message.slice(0, at);
}
