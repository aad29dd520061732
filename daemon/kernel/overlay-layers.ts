// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import { unescapeOctal, type Mount } from "./mountinfo.ts";

/**
 * The lower layers of an overlay mount, the topmost first; empty where it is none, or they are not told whole. Docker and
 * containerd shorten long lists to paths that are relative to the directory that holds all layers: LAYER/NAME (overlay2's
 * `l/ABC`, containerd's `12/fs`), mounted at LAYER/merged or with LAYER/NAME as the upper directory.
 */
export function lowerLayersOf({ type, point, superOptions }: Mount): readonly ByteString[] {
  if (type !== "overlay") return [];
  const options = superOptions.split(",").map((option): readonly [string, ByteString] => {
    const at = option.indexOf("=");
    return at < 0 ? [option, ""] : [option.slice(0, at), unescapeOctal(option.slice(at + 1))];
  });
  const lower = options.flatMap(([name, value]) => {
    // One option for each layer since Linux 6.8, or all of them in one.
    if (name === "lowerdir+") return [value];
    return name === "lowerdir" ? splitLayers(value) : [];
  });
  const upper = options.find(([name]) => name === "upperdir")?.[1] ?? "";
  const base = parentOf(parentOf(upper.startsWith("/") ? upper : point));
  return lower.map((path) => (path.startsWith("/") ? path : `${base}/${path}`));
}

/** A colon in a path has a backslash before it; what follows two of them is data only, without names. */
function splitLayers(value: ByteString): readonly ByteString[] {
  const [layers = ""] = value.split("::");
  return layers
    .split(/(?<!\\):/)
    .map((path) => path.replaceAll(/\\(.)/g, "$1"))
    .filter((path) => path !== "");
}

function parentOf(path: ByteString): ByteString {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}
