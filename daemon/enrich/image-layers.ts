// Where the layers of an image are, by what the engine or the mount table says. Pure.
// SPDX-License-Identifier: Apache-2.0
import { memberOf, textMember } from "../util/unknown-value.ts";

/** More than the engine takes (125, overlay2) or a page of mount options names. */
const layersMax = 256;
const pathLengthMax = 4_096;

/**
 * The directories of an image's layers, the topmost first, by `GET /images/{id}/json`: overlay2 tells them. Empty where
 * the storage driver has no such layers, or the engine keeps images with containerd.
 */
export function readImageLayers(image: unknown): readonly string[] {
  const driver = memberOf(image, "GraphDriver");
  if (textMember(driver, "Name") !== "overlay2") return [];
  const data = memberOf(driver, "Data");
  const top = textMember(data, "UpperDir");
  if (top === undefined) return [];
  const lower = textMember(data, "LowerDir") ?? "";
  return fitting([top, ...lower.split(":").filter((path) => path !== "")]);
}

/** None but all of them: without one of them a list would tell what the image does not have. */
export function fitting(layers: readonly string[]): readonly string[] {
  const areWhole = layers.every((path) => path.startsWith("/") && path.length < pathLengthMax);
  return areWhole && layers.length <= layersMax ? layers : [];
}
