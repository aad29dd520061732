// SPDX-License-Identifier: Apache-2.0
import type { RequestedBind, RequestFacts } from "../daemon/model/docker-request.ts";
import type { GoStruct } from "./go-struct.ts";
import { hostPathsOf } from "./volume-options.ts";

/** The engine's own socket, by the name that places are known by (plugin/reach.ts). */
const engineSocket = "/var/run/docker.sock";

/** Binds and named volumes that a HostConfig asks for: `Binds`, `Mounts` and volumes by their driver's options. Pure. */
export function readBinds(host: GoStruct): readonly RequestedBind[] {
  return [...host.texts("Binds").flatMap(readBind), ...host.structs("Mounts").flatMap(readMount)];
}

/** Images whose files a HostConfig asks for beside those of the container's own (API 1.48). */
export function readImageMounts(host: GoStruct): readonly string[] {
  return readMountsOf(host.structs("Mounts")).imageMounts;
}

/** The same of a list of `Mounts`. */
export function readMountsOf(
  mounts: readonly GoStruct[],
): Pick<RequestFacts, "binds" | "imageMounts"> {
  const images = mounts.filter((mount) => typeOf(mount) === "image");
  return {
    binds: mounts.flatMap(readMount),
    imageMounts: images.map((mount) => mount.text("Source")),
  };
}

// bind := [ source ":" ] destination [ ":" mode { "," mode } ]
function readBind(text: string): readonly RequestedBind[] {
  const parts = text.split(":");
  const [source = "", destination = "", mode = ""] = parts;
  // A destination alone is a volume without a name.
  if (parts.length === 1) return [];
  return [bindOf(source, destination, mode.split(",").includes("ro"))];
}

function readMount(mount: GoStruct): readonly RequestedBind[] {
  const type = typeOf(mount);
  const destination = mount.text("Target");
  const isReadOnly = mount.flag("ReadOnly");
  const own = bindOf(mount.text("Source"), destination, isReadOnly);
  const driver = mount.struct("VolumeOptions").struct("DriverConfig").map("Options");
  const inline = hostPathsOf(driver).map((path) => ({ ...own, path }));
  if (type === "tmpfs" || type === "image") return [];
  // Some engines of API 1.53 give their socket without being told where it is.
  if (type === "apisocket") return [{ ...own, source: type, path: engineSocket }];
  return own.source === "" ? inline : [own, ...inline];
}

function typeOf(mount: GoStruct): string {
  return mount.text("Type").toLowerCase();
}

function bindOf(source: string, destination: string, isReadOnly: boolean): RequestedBind {
  return { source, path: source, destination, isReadOnly, reaches: [] };
}
