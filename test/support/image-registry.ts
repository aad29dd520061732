// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const media = "application/vnd.docker.distribution.manifest.v2+json";
const configMedia = "application/vnd.docker.container.image.v1+json";
const layerMedia = "application/vnd.docker.image.rootfs.diff.tar.gzip";

const digestOf = (bytes: Buffer | string): string =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** A registry on this machine with one image of one small file, under every name and tag. */
export interface ImageRegistry {
  /** What to pull: `127.0.0.1:PORT/few/bytes:1`. */
  readonly reference: string;
  stop(): void;
}

/** Starts it (Docker's HTTP API V2 for images: a manifest, a config and a layer, each by its digest). */
export async function startImageRegistry(): Promise<ImageRegistry> {
  const layer = layerOfOneFile();
  const blob = gzipSync(layer);
  const config = JSON.stringify({
    ...{ architecture: "amd64", os: "linux", config: {} },
    rootfs: { type: "layers", diff_ids: [digestOf(layer)] },
  });
  const part = (mediaType: string, bytes: Buffer | string): object => ({
    ...{ mediaType, size: Buffer.byteLength(bytes), digest: digestOf(bytes) },
  });
  const manifest = JSON.stringify({
    ...{ schemaVersion: 2, mediaType: media },
    config: part(configMedia, config),
    layers: [part(layerMedia, blob)],
  });
  const blobs = new Map<string, Buffer | string>([
    [digestOf(config), config],
    [digestOf(blob), blob],
  ]);
  const server = createServer(({ url = "/", method }, response) => {
    const isManifest = url.includes("/manifests/");
    const body = isManifest ? manifest : blobs.get(url.slice(url.lastIndexOf("/") + 1));
    if (isManifest) response.setHeader("content-type", media);
    if (body !== undefined) {
      response.setHeader("docker-content-digest", digestOf(body));
      response.setHeader("content-length", Buffer.byteLength(body));
    }
    response.statusCode = body === undefined && url !== "/v2/" ? 404 : 200;
    response.end(method === "HEAD" ? undefined : body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    reference: `127.0.0.1:${(server.address() as AddressInfo).port}/few/bytes:1`,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function layerOfOneFile(): Buffer {
  const directory = mkdtempSync(join(tmpdir(), "execwarden-layer-"));
  try {
    writeFileSync(join(directory, "hello"), "hello\n");
    return execFileSync("tar", ["-C", directory, "-cf", "-", "hello"]);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
