// SPDX-License-Identifier: Apache-2.0

/** File systems that show what is the host's own, whatever is given as their device, and where the host has them. */
const hostViews: Readonly<Record<string, string>> = {
  proc: "/proc",
  sysfs: "/sys",
  devtmpfs: "/dev",
  cgroup: "/sys/fs/cgroup",
  cgroup2: "/sys/fs/cgroup",
  debugfs: "/sys/kernel/debug",
  tracefs: "/sys/kernel/tracing",
  securityfs: "/sys/kernel/security",
  configfs: "/sys/kernel/config",
  efivarfs: "/sys/firmware/efi/efivars",
  bpf: "/sys/fs/bpf",
};

/** Options of overlay mounts that name directories, several joined by colons. */
const layers: ReadonlySet<string> = new Set(["lowerdir", "upperdir", "workdir"]);

/**
 * Host paths that a volume of the driver `local` shows: it mounts what its options say, whatever that is (moby,
 * volume/local). A device that is no absolute path is one of the engine's working directory, which is the root.
 */
export function hostPathsOf(options: Readonly<Record<string, string>>): readonly string[] {
  const { device = "", o = "", type = "" } = options;
  const words = o.split(",").map((word) => word.trim());
  const isBind = words.includes("bind") || words.includes("rbind") || type === "none";
  const view = Object.hasOwn(hostViews, type) ? hostViews[type] : undefined;
  const stacked = words.flatMap((word) => {
    const [name = "", value = ""] = word.split(/=(.*)/s);
    return layers.has(name.replace(/\+$/, "")) ? value.split(":") : [];
  });
  const mounted = device.startsWith("/") ? [device] : isBind && device !== "" ? [`/${device}`] : [];
  const paths = [...mounted, ...(view === undefined ? [] : [view]), ...stacked];
  return paths
    .filter((path) => path !== "")
    .map((path) => (path.startsWith("/") ? path : `/${path}`));
}
