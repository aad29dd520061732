// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";

/** A network: addresses of the same family whose first `prefix` bits are those of `address`. */
export interface Network {
  readonly address: ByteString;
  readonly prefix: number;
}

/** Reads an address: IPv4 when the text has a dot, IPv6 otherwise; 4 or 16 bytes. */
export function parseAddress(text: string): ByteString | undefined {
  return text.includes(".") ? parseV4(text) : parseV6(text);
}

/** Writes an address as inet_ntop(3) does; the longest run of zeros of an IPv6 address becomes `::`. */
export function formatAddress(address: ByteString): string {
  if (address.length === 4) return Array.from(address, (byte) => byte.charCodeAt(0)).join(".");
  const groups = Array.from({ length: 8 }, (_, i) => {
    const value = (address.charCodeAt(2 * i) << 8) | address.charCodeAt(2 * i + 1);
    return value.toString(16);
  });
  const text = groups.join(":");
  const runs = text.match(/\b0(?::0)+\b/g) ?? [];
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), "");
  if (longest === "") return text;
  const at = text.search(new RegExp(`\\b${longest}\\b`));
  const head = text.slice(0, at).replace(/:$/, "");
  const tail = text.slice(at + longest.length).replace(/^:/, "");
  return `${head}::${tail}`;
}

/** Reads `address/prefix`; bits beyond the prefix may be set. */
export function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf("/");
  const address = slash < 0 ? undefined : parseAddress(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (address === undefined || !/^[0-9]{1,3}$/.test(digits)) return undefined;
  const prefix = Number(digits);
  const isInRange = address.length === 4 ? prefix <= 32 : prefix >= 1 && prefix <= 128;
  return isInRange ? { address, prefix } : undefined;
}

/** True when the address is of the network's family and inside it. */
export function isInNetwork(address: ByteString, network: Network): boolean {
  if (address.length !== network.address.length) return false;
  const whole = network.prefix >> 3;
  if (!address.startsWith(network.address.slice(0, whole))) return false;
  const rest = network.prefix & 7;
  if (rest === 0) return true;
  const mask = (0xff << (8 - rest)) & 0xff;
  return ((address.charCodeAt(whole) ^ network.address.charCodeAt(whole)) & mask) === 0;
}

function parseV4(text: string): ByteString | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let bytes = "";
  for (const part of parts) {
    if (!/^(?:0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined;
    bytes += String.fromCharCode(Number(part));
  }
  return bytes;
}

/** RFC 4291, 2.2 forms 1 and 2. */
function parseV6(text: string): ByteString | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? "");
  const tail = parseGroups(halves[1] ?? "");
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 1) return missing === 0 ? head : undefined;
  return missing < 2 ? undefined : head + "\0".repeat(missing) + tail;
}

function parseGroups(text: string): ByteString | undefined {
  if (text === "") return "";
  let bytes = "";
  for (const group of text.split(":")) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
    const value = Number.parseInt(group, 16);
    bytes += String.fromCharCode(value >> 8, value & 0xff);
  }
  return bytes;
}
