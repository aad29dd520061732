// SPDX-License-Identifier: Apache-2.0
import { capability, namesIn, noneAsked, type AskedFacts } from "./asked-facts.ts";
import { readMountsOf } from "./binds.ts";
import type { Doubt, GoStruct } from "./go-struct.ts";
import { readConfinement } from "./security-options.ts";

/** Whether an action says what the containers of a swarm's service are made of. */
export function isService(action: string): boolean {
  return action === "service.create" || action === "service.update";
}

/** Image of a service's containers. */
export function serviceImage(root: GoStruct): string {
  return specOf(root).text("Image");
}

/** Networks of a service's containers, by name or, as Docker's clients send them, by id. */
export function serviceNetworks(root: GoStruct): readonly string[] {
  const networks = [
    ...root.struct("TaskTemplate").structs("Networks"),
    ...root.structs("Networks"),
  ];
  return networks.map((network) => network.text("Target"));
}

/**
 * The containers of a service (api/types/swarm, ServiceSpec): the engine makes them by itself, on this host too, and asks
 * nobody about them.
 */
export function readService(root: GoStruct, doubt: Doubt): AskedFacts {
  const spec = specOf(root);
  const securityOpt = securityOptions(spec.struct("Privileges"));
  return {
    ...noneAsked,
    entrypoint: spec.texts("Command"),
    cmd: spec.texts("Args"),
    runAs: spec.text("User"),
    hasTty: spec.flag("TTY"),
    capAdd: spec.texts("CapabilityAdd").map(capability),
    ...readMountsOf(spec.structs("Mounts")),
    networkMode: serviceNetworks(root).includes("host") ? "host" : "",
    ...readConfinement(securityOpt, doubt),
    securityOpt,
    runtime: root.struct("TaskTemplate").text("Runtime"),
    env: namesIn(spec.texts("Env")),
    labels: spec.map("Labels"),
  };
}

function specOf(root: GoStruct): GoStruct {
  return root.struct("TaskTemplate").struct("ContainerSpec");
}

/** The options that the engine's containers get of it (daemon/cluster/executor/container). */
function securityOptions(privileges: GoStruct): readonly string[] {
  const modeOf = (name: string): string => privileges.struct(name).text("Mode").toLowerCase();
  const profile = Buffer.from(privileges.struct("Seccomp").text("Profile"), "base64");
  const seccomp: Readonly<Record<string, readonly string[]>> = {
    unconfined: ["seccomp=unconfined"],
    custom: [`seccomp=${profile.toString("utf8")}`],
  };
  const selinux = privileges.struct("SELinuxContext");
  const labels = ["User", "Role", "Type", "Level"].flatMap((name) => {
    const value = selinux.text(name);
    return value === "" ? [] : [`label=${name.toLowerCase()}:${value}`];
  });
  return [
    ...(Object.hasOwn(seccomp, modeOf("Seccomp")) ? (seccomp[modeOf("Seccomp")] ?? []) : []),
    ...(modeOf("AppArmor") === "disabled" ? ["apparmor=unconfined"] : []),
    ...(selinux.flag("Disable") ? ["label=disable"] : []),
    ...labels,
    ...(privileges.flag("NoNewPrivileges") ? ["no-new-privileges=true"] : []),
  ];
}
