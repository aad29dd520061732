// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { parseTcp, parseUnix } from "../../daemon/kernel/listening-sockets.ts";

t.test("this process's own sockets are found", async (t) => {
  const path = join(tmpdir(), `listening-${process.pid}.sock`);
  const servers = [createServer(), createServer(), createServer()];
  const [local, all, unix] = servers;
  const listen = (server = createServer(), ...where: readonly (string | number)[]): Promise<void> =>
    new Promise((resolve) => {
      const [place = 0, host] = where;
      if (typeof place === "string") server.listen(place, resolve);
      else server.listen(place, String(host), resolve);
    });
  t.teardown(() => {
    for (const server of servers) server.close();
  });
  await listen(local, 0, "127.0.0.1");
  await listen(all, 0, "0.0.0.0");
  await listen(unix, path);
  const portOf = (server = createServer()): number => {
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  };
  const tcp = parseTcp(readFileSync("/proc/self/net/tcp", "latin1")).map(({ place }) => place);
  t.match(
    tcp.filter((place) => place.kind === "tcp" && place.port === portOf(local)),
    [{ address: "127.0.0.1" }],
  );
  t.match(
    tcp.filter((place) => place.kind === "tcp" && place.port === portOf(all)),
    [{ address: "0.0.0.0" }],
  );
  const files = parseUnix(readFileSync("/proc/self/net/unix", "latin1"));
  const own = files.filter(({ place }) => place.kind === "unix" && place.path === path);
  t.equal(own.length, 1);
});

t.test("addresses are read as the kernel writes them", (t) => {
  const line = (local: string, state = "0A"): string =>
    `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 4711 1`;
  const rows: readonly (readonly [local: string, address: string, port: number])[] = [
    ["00000000:0947", "0.0.0.0", 2_375],
    ["0100007F:0947", "127.0.0.1", 2_375],
    ["0101A8C0:0948", "192.168.1.1", 2_376],
    ["00000000000000000000000000000000:0947", "::", 2_375],
    ["00000000000000000000000001000000:0947", "::1", 2_375],
    ["0000000000000000FFFF00000100007F:0947", "127.0.0.1", 2_375],
    ["000080FE00000000FF005450B6AD1DFE:0947", "fe80::5054:ff:fe1d:adb6", 2_375],
  ];
  for (const [local, address, port] of rows)
    t.strictSame(parseTcp(line(local)), [{ inode: 4_711, place: { kind: "tcp", address, port } }]);
  t.strictSame(parseTcp(line("00000000:0947", "01")), [], "a connection");
  t.strictSame(parseTcp("nonsense\n"), []);
  const unix = "0000000000000000: 00000002 00000000 00010000 0001 01 4712 /run/a b.sock";
  t.strictSame(parseUnix(unix), [{ inode: 4_712, place: { kind: "unix", path: "/run/a b.sock" } }]);
  t.strictSame(parseUnix(unix.replace("00010000", "00000000")), [], "a connection");
  t.end();
});
