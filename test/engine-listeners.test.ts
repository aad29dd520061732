// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { listenersOf, readDoors } from "../daemon/engine-listeners.ts";
import type { ListeningSocket } from "../daemon/kernel/listening-sockets.ts";
import { furtherListeners, listenerText } from "../daemon/model/listener-text.ts";

const tcp = (address: string, port: number): ListeningSocket => ({
  inode: 1,
  place: { kind: "tcp", address, port },
});
const unix = (path: string): ListeningSocket => ({ inode: 2, place: { kind: "unix", path } });

t.test("what the engine was told of its doors", (t) => {
  const rows: readonly (readonly [argv: string, config: string, hosts: string, tls: string])[] = [
    ["dockerd", "", "", "no-tls"],
    [
      "dockerd -H fd:// -Htcp://:1 --host tcp://a:2 --host=tcp://b:3",
      "",
      "fd:// tcp://:1 tcp://a:2 tcp://b:3",
      "no-tls",
    ],
    ["dockerd --tlsverify", "", "", "required"],
    ["dockerd --tlsverify=true", "", "", "required"],
    ["dockerd --tls", "", "", "not-asked-for"],
    ["dockerd --tls=false", "", "", "no-tls"],
    [
      "dockerd",
      '{"hosts":["tcp://0.0.0.0:2375"],"tlsverify":true}',
      "tcp://0.0.0.0:2375",
      "required",
    ],
    ["dockerd", '{"tls":true}', "", "not-asked-for"],
    ["dockerd", "no json", "", "no-tls"],
  ];
  for (const [argv, config, hosts, tls] of rows) {
    const doors = readDoors(argv.split(" "), config);
    t.equal(`${doors.hosts.join(" ")} ${doors.tls}`, `${hosts} ${tls}`, `${argv} ${config}`);
  }
  t.end();
});

t.test("who can come in where", (t) => {
  const sockets = [
    ...[unix("/run/docker.sock"), unix("/run/docker/libnetwork/abc.sock"), unix("/run/more.sock")],
    ...[tcp("0.0.0.0", 2_375), tcp("127.0.0.1", 2_376), tcp("::", 2_377), tcp("::1", 4_000)],
  ];
  const texts = (hosts: readonly string[], tls: "no-tls" | "required" = "no-tls"): string[] =>
    furtherListeners(listenersOf(sockets, { hosts, tls })).map(listenerText);
  const files = [
    "unix:///run/docker.sock: whoever may open it",
    "unix:///run/more.sock: whoever may open it",
  ];
  const open =
    "tcp://0.0.0.0:2375: EVERYBODY who reaches this host, WITHOUT TLS or a client certificate";
  t.strictSame(texts([]), files);
  t.strictSame(texts(["tcp://0.0.0.0:2375"]), [...files, open]);
  t.strictSame(texts(["tcp://0.0.0.0"]), [...files, open], "the port that is usual");
  t.strictSame(texts(["tcp://127.0.0.1"], "required"), [
    ...files,
    "tcp://127.0.0.1:2376: everybody on this host, containers with its network too, with a client certificate",
  ]);
  t.equal(texts(["fd://"]).length, files.length + 3, "whatever was handed over, less the swarm's");
  t.match(texts(["fd://"]).at(-1), /^tcp:\/\/\[::1\]:4000: everybody on this host/);
  const one = listenersOf([unix("/run/docker.sock")], { hosts: [], tls: "no-tls" });
  t.strictSame(furtherListeners(one), [], "the one that everybody knows of");
  t.end();
});
