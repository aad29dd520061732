// SPDX-License-Identifier: Apache-2.0

/** A socket that takes connections. */
export interface ListeningSocket {
  readonly inode: number;
  /** Path of a unix socket, an abstract name with `@`; of TCP the address and port. */
  readonly place:
    | { readonly kind: "unix"; readonly path: string }
    | { readonly kind: "tcp"; readonly address: string; readonly port: number };
}

const tcpListen = "0A";
/** __SO_ACCEPTCON (linux/net.h), in the flags of /proc/net/unix. */
const acceptsConnections = 0x1_0000;

/** `sl local_address rem_address st …`, of /proc/PID/net/tcp and tcp6 (proc(5)): addresses are words in host order. */
export function parseTcp(text: string): readonly ListeningSocket[] {
  return text.split("\n").flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const [, local = "", , state] = fields;
    const [hex = "", port = ""] = local.split(":");
    const inode = Number(fields[9]);
    if (state !== tcpListen || !/^([0-9A-F]{8}){1,4}$/.test(hex) || !Number.isInteger(inode))
      return [];
    const place = {
      kind: "tcp",
      address: addressOf(hex),
      port: Number.parseInt(port, 16),
    } as const;
    return [{ inode, place }];
  });
}

/** `Num RefCount Protocol Flags Type St Inode Path`, of /proc/PID/net/unix. */
export function parseUnix(text: string): readonly ListeningSocket[] {
  return text.split("\n").flatMap((line) => {
    const match =
      /^[0-9a-f]+: [0-9A-F]+ [0-9A-F]+ ([0-9A-F]+) [0-9A-F]+ [0-9A-F]+ +([0-9]+) (.+)$/.exec(line);
    const [, flags = "", inode = "", path = ""] = match ?? [];
    if ((Number.parseInt(flags, 16) & acceptsConnections) === 0) return [];
    return [{ inode: Number(inode), place: { kind: "unix", path } }];
  });
}

function addressOf(hex: string): string {
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) =>
    [6, 4, 2, 0].map((at) => Number.parseInt(word.slice(at, at + 2), 16)),
  );
  if (bytes.length === 4) return bytes.join(".");
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff;
  if (mapped && bytes[11] === 0xff) return bytes.slice(12).join(".");
  const groups = Array.from({ length: 8 }, (_none, index) =>
    (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16),
  );
  return groups.join(":").replace(/(^|:)0(:0)+(:|$)/, "::");
}
