// SPDX-License-Identifier: Apache-2.0
import { fromByteString, toByteString, type ByteString } from "../../util/byte-string.ts";
import type { Image } from "../../model/container.ts";
import type { Place } from "../../model/event.ts";
import type { FieldSpec } from "../../lang/field.ts";
import { labelOf, namedField, plainFields } from "./define.ts";

/** image.*: the image by its normalised name (ours: upstream has only container.image.*). */
export const imageFields: readonly FieldSpec<Place>[] = [
  ...plainFields<Place>([
    ["image.reference", "string", "image as it was given", ofImage(({ reference }) => reference)],
    [
      "image.repository",
      "string",
      "normalised repository, such as docker.io/library/alpine",
      ofImage(({ normalizedRepository }) => normalizedRepository),
    ],
    ["image.tag", "string", "tag", ofImage(({ tag }) => tag)],
    ["image.digest", "string", "digest sha256:…", ofImage(({ digest }) => digest)],
    ["image.id", "string", "image id sha256:…", ofImage(({ id }) => id)],
  ]),
  namedField<Place>({
    name: "image.label",
    type: "string",
    description: "one label baked into the image",
    get: ({ container }, key) => labelOf(container?.image.labels, key),
  }),
];

/** host.*: the machine (ours). */
export const hostFields: readonly FieldSpec<Place>[] = plainFields<Place>([
  ["host.name", "string", "host name", ({ host }) => text(host.hostname)],
  ["host.machine_id", "string", "machine id, machine-id(5)", ({ host }) => text(host.machineId)],
  ["host.kernel", "string", "kernel release", ({ host }) => text(host.kernel)],
]);

/** container.allowlisted[NAME]: what the generated `allowed_…` macros ask (ours). */
export const allowlistFields: readonly FieldSpec<Place>[] = [
  namedField<Place>({
    name: "container.allowlisted",
    type: "bool",
    description: "the container is on the allowlist of this name",
    get: ({ allowlists }, name) => allowlists.has(fromByteString(name)),
  }),
];

/** k8s.*: what the kubelet writes into labels of containers. */
export const kubernetesFields: readonly FieldSpec<Place>[] = [
  ...plainFields<Place>([
    [
      "k8s.ns.name",
      "string",
      "namespace",
      ({ container }) => text(container?.kubernetes?.namespace),
    ],
    ["k8s.pod.name", "string", "pod name", ({ container }) => text(container?.kubernetes?.pod)],
    ["k8s.pod.uid", "string", "pod uid", ({ container }) => text(container?.kubernetes?.podUid)],
    [
      "k8s.pod.id",
      "string",
      "pod uid (old name)",
      ({ container }) => text(container?.kubernetes?.podUid),
    ],
  ]),
  namedField<Place>({
    name: "k8s.pod.label",
    type: "string",
    description: "one label of the pod, where the container carries it",
    get: ({ container }, key) =>
      container?.kubernetes === undefined ? undefined : labelOf(container.labels, key),
  }),
];

function text(value: string | undefined): ByteString | undefined {
  return value === undefined ? undefined : toByteString(value);
}

function ofImage(get: (image: Image) => string | undefined) {
  return ({ container }: Place): ByteString | undefined =>
    container === undefined ? undefined : text(get(container.image));
}
