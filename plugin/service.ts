// SPDX-License-Identifier: Apache-2.0
import { capability, namesIn, noneAsked, type AskedFacts } from "./asked-facts.ts";
import { readMountsOf } from "./binds.ts";
import type { Doubt, GoStruct } from "./go-struct.ts";
import { readSeccomp } from "./security-options.ts";

/** Whether an action says what the containers of a swarm's service are made of. */
export function isService(action: string): boolean {
  return action === "service.create" || action === "service.update";
}

/** Image of a service's containers. */
export function serviceImage(root: GoStruct): string {
  return specOf(root).text("Image");
}

/**
 * The containers of a service (api/types/swarm, ServiceSpec): the engine makes them by itself, on this host too, and asks
 * nobody about them.
 */
export function readService(root: GoStruct, doubt: Doubt): AskedFacts {
  const spec = specOf(root);
  const securityOpt = securityOptions(spec.struct("Privileges"));
  const networks = [
    ...root.struct("TaskTemplate").structs("Networks"),
    ...root.structs("Networks"),
  ].map((network) => network.text("Target"));
  const profile = spec.struct("Privileges").struct("Seccomp");
  const mode = profile.text("Mode").toLowerCase();
  const custom = Buffer.from(profile.text("Profile"), "base64").toString("utf8");
  return {
    ...noneAsked,
    entrypoint: spec.texts("Command"),
    cmd: spec.texts("Args"),
    runAs: spec.text("User"),
    hasTty: spec.flag("TTY"),
    capAdd: spec.texts("CapabilityAdd").map(capability),
    ...readMountsOf(spec.structs("Mounts")),
    networkMode: networks.includes("host") ? "host" : "",
    securityOpt,
    ...readSeccomp(mode === "custom" ? custom : mode === "unconfined" ? mode : "", doubt),
    env: namesIn(spec.texts("Env")),
    labels: spec.map("Labels"),
  };
}

function specOf(root: GoStruct): GoStruct {
  return root.struct("TaskTemplate").struct("ContainerSpec");
}

/** The same words as a container's. */
function securityOptions(privileges: GoStruct): readonly string[] {
  const isMode = (name: string, mode: string): boolean =>
    privileges.struct(name).text("Mode").toLowerCase() === mode;
  return [
    ...(isMode("Seccomp", "unconfined") ? ["seccomp=unconfined"] : []),
    ...(isMode("AppArmor", "disabled") ? ["apparmor=unconfined"] : []),
    ...(privileges.struct("SELinuxContext").flag("Disable") ? ["label=disable"] : []),
  ];
}
