// SPDX-License-Identifier: Apache-2.0
import type { RequestedBind } from "../daemon/model/docker-request.ts";
import type { GoStruct } from "./go-struct.ts";
import { hostPathsOf } from "./volume-options.ts";

/** Binds and named volumes that a HostConfig asks for: `Binds`, `Mounts` and volumes by their driver's options. Pure. */
export function readBinds(host: GoStruct): readonly RequestedBind[] {
  return [...host.texts("Binds").flatMap(readBind), ...host.structs("Mounts").flatMap(readMount)];
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
  const type = mount.text("Type").toLowerCase();
  const destination = mount.text("Target");
  const isReadOnly = mount.flag("ReadOnly");
  const own = bindOf(mount.text("Source"), destination, isReadOnly);
  const driver = mount.struct("VolumeOptions").struct("DriverConfig").map("Options");
  const inline = hostPathsOf(driver).map((path) => ({ ...own, path }));
  if (type === "tmpfs" || type === "image") return [];
  return own.source === "" ? inline : [own, ...inline];
}

function bindOf(source: string, destination: string, isReadOnly: boolean): RequestedBind {
  return { source, path: source, destination, isReadOnly, reaches: [] };
}
