// SPDX-License-Identifier: Apache-2.0
import { err, ok, type Result } from "../util/result.ts";

/** Where a Docker engine listens. */
export type DockerAddress =
  | { readonly kind: "unix"; readonly socketPath: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

const defaultPort = 2375;

/** Reads an address as DOCKER_HOST writes it, `unix:///PATH` or `tcp://HOST[:PORT]`; the error says what would work. */
export function parseDockerAddress(address: string): Result<DockerAddress> {
  if (address.startsWith("unix://")) {
    const socketPath = address.slice("unix://".length);
    if (socketPath.startsWith("/")) return ok({ kind: "unix", socketPath });
    return refuse(
      address,
      "the path of the socket must be absolute, as in unix:///var/run/docker.sock",
    );
  }
  if (address.startsWith("tcp://")) return parseTcp(address);
  if (address.startsWith("ssh://")) {
    return refuse(
      address,
      "ssh is not supported; run the daemon beside its engine and use unix:///var/run/docker.sock",
    );
  }
  return refuse(address, "give unix:///PATH or tcp://HOST:PORT");
}

function parseTcp(address: string): Result<DockerAddress> {
  const wanted = "give tcp://HOST:PORT with nothing after the port";
  if (!URL.canParse(address)) return refuse(address, wanted);
  const url = new URL(address);
  const isBare =
    (url.pathname === "" || url.pathname === "/") && url.search === "" && url.hash === "";
  if (url.hostname === "" || url.username !== "" || url.password !== "" || !isBare)
    return refuse(address, wanted);
  return ok({
    kind: "tcp",
    host: url.hostname,
    port: url.port === "" ? defaultPort : Number(url.port),
  });
}

function refuse(address: string, advice: string): Result<DockerAddress> {
  return err(new Error(`cannot use docker host "${address}": ${advice}`));
}
