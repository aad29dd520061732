// SPDX-License-Identifier: Apache-2.0
import type { ExecEvent } from "../../model/event.ts";
import type { Process } from "../../model/process.ts";
import type { FieldSpec } from "../../lang/field.ts";
import { plainFields } from "./define.ts";
import { rememberLast } from "./remember-last.ts";

/** Capability names by bit, include/uapi/linux/capability.h. */
const names =
  `CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE
MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE`.split(/\s+/);

/** thread.cap_*: names joined by blanks, lowest bit first. */
export const capabilityFields: readonly FieldSpec<ExecEvent>[] = plainFields<ExecEvent>([
  [
    "thread.cap_permitted",
    "string",
    "permitted capabilities",
    ({ process }) => permitted(process),
    10,
  ],
  [
    "thread.cap_inheritable",
    "string",
    "inheritable capabilities",
    ({ process }) => inheritable(process),
    10,
  ],
  [
    "thread.cap_effective",
    "string",
    "effective capabilities",
    ({ process }) => effective(process),
    10,
  ],
]);

const permitted = rememberLast(({ capPermitted }: Process) => capabilityNames(capPermitted));
const inheritable = rememberLast(({ capInheritable }: Process) => capabilityNames(capInheritable));
const effective = rememberLast(({ capEffective }: Process) => capabilityNames(capEffective));

/** Names joined by blanks, as `/proc/PID/status` gives the bits. */
export function capabilityNames(bits: bigint | undefined): string | undefined {
  if (bits === undefined) return undefined;
  return names
    .filter((_, bit) => ((bits >> BigInt(bit)) & 1n) === 1n)
    .map((name) => `CAP_${name}`)
    .join(" ");
}
