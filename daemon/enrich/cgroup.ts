// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import { rememberLast } from "../util/remember-last.ts";

const idLength = 64;
/**
 * Where the engine's own BuildKit runs a step: `/docker/buildkit/ID`, and with the systemd driver
 * `/system.slice:docker:ID`, a name that runc takes as it is (moby, newCgroupParent; buildkit, executor/oci).
 */
const buildStepPath = /(?:\/buildkit\/|:docker:|\/docker-)([0-9a-z]{25})(?=[\n/]|\.scope|$)/;

/**
 * Container ids in the text of /proc/PID/cgroup (cgroups(7)), outermost container first, without
 * repeats. Every layout in use names the id as a path component of its own (`/docker/ID`, cgroupfs
 * driver), or between a dash and a dot (`/system.slice/docker-ID.scope`, systemd driver); nested
 * engines have one below the other. Outside any container: the id of the build's step that it is.
 */
export const containerIdsOf = rememberLast(findContainerIds);

function findContainerIds(text: ByteString): readonly string[] {
  const ids: string[] = [];
  let runStart = -1;
  for (let i = 0; i <= text.length; i++) {
    if (isHexadecimal(text.charCodeAt(i))) {
      if (runStart < 0) runStart = i;
      continue;
    }
    if (runStart >= 0 && i - runStart === idLength && isBoundary(text.charAt(runStart - 1))) {
      const id = text.slice(runStart, i);
      if (!ids.includes(id)) ids.push(id);
    }
    runStart = -1;
  }
  return ids.length > 0 ? ids : buildStepsIn(text);
}

/** Steps of builds: who is in a container as well is that container's. */
function buildStepsIn(text: ByteString): readonly string[] {
  const id = buildStepPath.exec(text)?.[1];
  return id === undefined ? [] : [id];
}

function isBoundary(before: string): boolean {
  return before === "/" || before === "-" || before === ":";
}

function isHexadecimal(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66);
}
