// SPDX-License-Identifier: Apache-2.0

/** A request's URI as the engine's router sees it. */
export interface RequestTarget {
  /** Decoded once, without the version: `/containers/web/exec`. */
  readonly path: string;
  /** `1.41`; empty without one. */
  readonly apiVersion: string;
  /** Of a repeated name the first value, as the engine's forms give it (url.Values.Get). */
  readonly query: Readonly<Record<string, string>>;
  /** What makes two readings of it possible. */
  readonly faults: readonly UriFault[];
}

export interface UriFault {
  readonly kind: "odd-path" | "odd-query" | "repeated-parameter";
  readonly detail: string;
}

const uriLengthMax = 65_536;

/**
 * Takes a URI apart as Go's net/http and gorilla/mux do it: one version in front is taken away, the path is decoded
 * once. Dot segments, doubled slashes and encoded slashes are told as faults; the path is given cleaned.
 */
export function readUri(uri: string): RequestTarget {
  const faults: UriFault[] = [];
  const odd = (kind: UriFault["kind"], detail: string): void => {
    faults.push({ kind, detail });
  };
  const bounded = uri.slice(0, uriLengthMax);
  const mark = bounded.indexOf("?");
  const raw = mark < 0 ? bounded : bounded.slice(0, mark);
  const decoded = decodeOnce(raw);
  const cleaned = cleanPath(decoded ?? raw);
  for (const [isOdd, detail] of oddities(uri, raw)) if (isOdd) odd("odd-path", detail);
  if (cleaned !== decoded) odd("odd-path", "dot segments, doubled slashes or bad percent signs");
  const version = /^\/v([0-9.]+)(?=\/|$)/.exec(cleaned);
  return {
    path: version === null ? cleaned : cleaned.slice(version[0].length) || "/",
    apiVersion: version?.[1] ?? "",
    query: readQuery(mark < 0 ? "" : bounded.slice(mark + 1), odd),
    faults,
  };
}

function oddities(uri: string, raw: string): readonly (readonly [boolean, string])[] {
  return [
    [uri.length > uriLengthMax, "the URI is too long"],
    [!uri.startsWith("/"), "the path does not begin with a slash"],
    [uri.includes("#"), "the URI has a fragment"],
    [/%2f|%00|\\|%5c/i.test(raw), "an encoded slash, backslash or zero"],
  ];
}

function decodeOnce(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** path.Clean, with the slash at the end kept as gorilla/mux does it. */
function cleanPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment === "..") kept.pop();
    else kept.push(segment);
  }
  const end = kept.length > 0 && path.endsWith("/") ? "/" : "";
  return `/${kept.join("/")}${end}`;
}

const parametersMax = 256;

function readQuery(
  text: string,
  odd: (kind: UriFault["kind"], detail: string) => void,
): Readonly<Record<string, string>> {
  const entries = new Map<string, string>();
  const parts = text.split("&").filter((part) => part !== "");
  if (parts.length > parametersMax) odd("odd-query", "too many parameters");
  // Older versions of Go cut at semicolons too, newer ones refuse the parameter.
  if (text.includes(";")) odd("odd-query", "a semicolon in the query");
  for (const part of parts.slice(0, parametersMax)) {
    const equals = part.indexOf("=");
    const name = decodeOnce((equals < 0 ? part : part.slice(0, equals)).replaceAll("+", " "));
    const value = decodeOnce((equals < 0 ? "" : part.slice(equals + 1)).replaceAll("+", " "));
    if (name === undefined || value === undefined) odd("odd-query", "a parameter is no UTF-8");
    else if (!entries.has(name)) entries.set(name, value);
    else if (!lists.has(name)) odd("repeated-parameter", `"${name}" is given twice`);
  }
  return Object.fromEntries(entries);
}

/** Parameters that a client may rightly give several times. */
const lists: ReadonlySet<string> = new Set([
  "t",
  "names",
  "cachefrom",
  "changes",
  "platform",
  "type",
]);
