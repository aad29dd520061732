// SPDX-License-Identifier: Apache-2.0

/** The oldest version of the Docker Engine API that has all we ask for (engine 19.03). */
export const apiVersionMin = "1.40";
/** The newest version that this program was written against; newer engines are asked to speak it. */
const apiVersionMax = "1.51";

/**
 * Chooses the version to speak: the engine's newest, at most ours, at least the engine's oldest. Undefined when
 * the engine is too old, or names a version that is none.
 */
export function chooseApiVersion(newest: string, oldest = newest): string | undefined {
  const [serverMax, serverMin] = [minorOf(newest), minorOf(oldest)];
  if (serverMax === undefined || serverMin === undefined) return undefined;
  if (serverMax < knownMinor(apiVersionMin)) return undefined;
  // An engine that has left our newest behind is still asked: answers are decoded member by member.
  return `1.${Math.max(Math.min(serverMax, knownMinor(apiVersionMax)), Math.min(serverMin, serverMax))}`;
}

function knownMinor(version: string): number {
  return minorOf(version) ?? 0;
}

// version := "1." digits
function minorOf(version: string): number | undefined {
  if (!version.startsWith("1.")) return undefined;
  const minor = Number(version.slice(2));
  return Number.isInteger(minor) && minor >= 0 ? minor : undefined;
}
