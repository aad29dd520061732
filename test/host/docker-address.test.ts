// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { parseDockerAddress } from "../../daemon/host/docker-address.ts";

const good = [
  ["unix:///var/run/docker.sock", { kind: "unix", socketPath: "/var/run/docker.sock" }],
  ["tcp://10.0.0.1:2375", { kind: "tcp", host: "10.0.0.1", port: 2375 }],
  ["tcp://localhost", { kind: "tcp", host: "localhost", port: 2375 }],
  ["tcp://localhost:8080/", { kind: "tcp", host: "localhost", port: 8080 }],
] as const;
for (const [address, expected] of good) {
  t.test(`"${address}" is an address`, (t) => {
    t.strictSame(parseDockerAddress(address), { ok: true, value: expected });
    t.end();
  });
}

const bad = [
  [
    "ssh://root@host",
    /cannot use docker host "ssh:\/\/root@host": ssh is not supported; .* unix:\/\/\//,
  ],
  [
    "unix://docker.sock",
    /path of the socket must be absolute, as in unix:\/\/\/var\/run\/docker\.sock/,
  ],
  ["unix://", /must be absolute/],
  ["tcp://", /give tcp:\/\/HOST:PORT/],
  ["tcp://host:70000", /give tcp:\/\/HOST:PORT/],
  ["tcp://user:secret@host:2375", /give tcp:\/\/HOST:PORT/],
  ["tcp://host:2375/path", /nothing after the port/],
  ["/var/run/docker.sock", /give unix:\/\/\/PATH or tcp:\/\/HOST:PORT/],
  ["", /cannot use docker host ""/],
] as const;
for (const [address, message] of bad) {
  t.test(`"${address}" is none, and it is said what would work`, (t) => {
    t.match(parseDockerAddress(address), { ok: false, error: { message } });
    t.end();
  });
}
