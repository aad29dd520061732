// SPDX-License-Identifier: Apache-2.0
import { readGoJson } from "./go-json.ts";
import { findDuplicates, GoStruct, type Doubt } from "./go-struct.ts";

/** What security options make of a container's confinement. */
export interface Confinement {
  /** `unconfined`, `builtin`, `permissive`, `custom`, `unreadable`; empty where the engine's own profile holds. */
  readonly seccomp: string;
  /** Calls that lead out of a container and that the profile lets through, `all` for a permissive one. */
  readonly seccompAllows: readonly string[];
  /** Name of the profile; empty where the engine's own holds. */
  readonly apparmor: string;
  /** What of it is taken away: `seccomp`, `apparmor`, `selinux`, `cgroups`. */
  readonly unconfined: readonly string[];
  /** `true` or `false` where it is asked for; empty where the engine's own setting holds. */
  readonly noNewPrivileges: string;
}

/** Calls that the engine's own profile keeps from a container that was given no capability. */
const guardedCalls: ReadonlySet<string> = new Set([
  ...["mount", "umount", "umount2", "pivot_root", "move_mount", "open_tree", "fsopen", "fsconfig"],
  ...["fsmount", "fspick", "mount_setattr", "unshare", "setns", "clone", "clone3", "bpf", "keyctl"],
  ...["add_key", "request_key", "kexec_load", "kexec_file_load", "init_module", "finit_module"],
  ...["delete_module", "create_module", "open_by_handle_at", "perf_event_open", "userfaultfd"],
  ...["iopl", "ioperm", "reboot", "swapon", "swapoff", "settimeofday", "stime", "clock_settime"],
  ...["acct", "quotactl", "nfsservctl", "uselib", "vm86", "vm86old", "_sysctl"],
]);

const letting: ReadonlySet<string> = new Set(["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY"]);

/** What a container has without asking (moby, oci/caps). */
const usualCapabilities: ReadonlySet<string> = new Set([
  ...["CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID"],
  ...["SETFCAP", "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE"],
]);

/** Flags of clone(2) that make a namespace. */
const namespaceFlags = 0x7e02_0000;

/** What is undone by an option that is a word alone. */
const bareOptions: Readonly<Record<string, readonly [name: string, value: string]>> = {
  disable: ["label", "disable"],
  "no-new-privileges": ["no-new-privileges", "true"],
  "writable-cgroups": ["writable-cgroups", "true"],
};

/** What Go's strconv.ParseBool takes for true; of the rest it takes some for false, and no others. */
const truths: ReadonlySet<string> = new Set(["1", "t", "T", "TRUE", "true", "True"]);

/** SELinux types that are kept from nothing. */
const freeTypes: ReadonlySet<string> = new Set(["type:spc_t", "type:unconfined_t"]);

/**
 * Reads `SecurityOpt` as the engine does (daemon_unix.go, parseSecurityOpt): `NAME=VALUE`, or `NAME:VALUE` where no `=`
 * stands, or a word; the last of a name counts, and labels add up. `doubt` hears of a profile that has two readings. Pure.
 */
export function readConfinement(options: readonly string[], doubt: Doubt): Confinement {
  const pairs = options.map(pairOf);
  const last = (wanted: string): string => pairs.findLast(([name]) => name === wanted)?.[1] ?? "";
  const labels = pairs.filter(([name]) => name === "label").map(([, value]) => value);
  const seccomp = readSeccomp(last("seccomp"), doubt);
  const apparmor = last("apparmor");
  const noNewPrivileges = last("no-new-privileges");
  const taken: Readonly<Record<string, boolean>> = {
    seccomp: seccomp.seccomp === "unconfined",
    apparmor: apparmor === "unconfined",
    selinux: labels.some((label) => label === "disable" || freeTypes.has(label)),
    cgroups: truths.has(last("writable-cgroups")),
  };
  return {
    ...seccomp,
    apparmor,
    unconfined: Object.keys(taken).filter((name) => taken[name] === true),
    noNewPrivileges: noNewPrivileges === "" ? "" : String(truths.has(noNewPrivileges)),
  };
}

function pairOf(option: string): readonly [name: string, value: string] {
  const bare = Object.hasOwn(bareOptions, option) ? bareOptions[option] : undefined;
  if (bare !== undefined) return bare;
  const at = option.includes("=") ? option.indexOf("=") : option.indexOf(":");
  return at < 0 ? [option, ""] : [option.slice(0, at), option.slice(at + 1)];
}

// As Docker's clients send it: a word, or the text of the file.
function readSeccomp(
  profile: string,
  doubt: Doubt,
): Pick<Confinement, "seccomp" | "seccompAllows"> {
  if (profile === "") return { seccomp: "", seccompAllows: [] };
  if (profile === "unconfined") return { seccomp: profile, seccompAllows: ["all"] };
  if (profile === "builtin") return { seccomp: profile, seccompAllows: [] };
  const { value } = readGoJson(profile);
  if (value === undefined) return { seccomp: "unreadable", seccompAllows: [] };
  findDuplicates(value, doubt);
  const root = new GoStruct(value, doubt);
  if (letting.has(root.text("defaultAction")))
    return { seccomp: "permissive", seccompAllows: ["all"] };
  const allowed = root.structs("syscalls").flatMap(callsOf);
  return { seccomp: "custom", seccompAllows: [...new Set(allowed)] };
}

// A condition on arguments may hold for all of them: it saves a call only where its meaning is known.
function callsOf(rule: GoStruct): readonly string[] {
  if (!letting.has(rule.text("action"))) return [];
  const needed = rule.struct("includes").texts("caps");
  if (needed.some((name) => !usualCapabilities.has(name.replace(/^CAP_/, "")))) return [];
  const names = [...rule.texts("names"), rule.text("name")];
  const keepsNamespaces = rule.structs("args").some(forbidsNamespaces);
  return names.filter((name) => guardedCalls.has(name) && !(name === "clone" && keepsNamespaces));
}

// As the engine's own profile has it for clone: the flags, masked, are none.
function forbidsNamespaces(argument: GoStruct): boolean {
  return (
    argument.text("op") === "SCMP_CMP_MASKED_EQ" &&
    argument.number("value") === namespaceFlags &&
    (argument.number("valueTwo") ?? 0) === 0
  );
}
