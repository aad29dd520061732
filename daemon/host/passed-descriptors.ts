// SPDX-License-Identifier: Apache-2.0

/** What a service manager says of the descriptors that it passes: sd_listen_fds(3). */
export interface PassedDescriptors {
  /** LISTEN_PID: the process that they are meant for. */
  readonly pid?: string | undefined;
  /** LISTEN_FDS: how many there are, from 3 on. */
  readonly count?: string | undefined;
  /** LISTEN_FDNAMES: their names, with colons between. */
  readonly names?: string | undefined;
}

const firstDescriptor = 3;

/** The descriptor that was passed to process `pid` under this name; undefined where there is none. */
export function passedDescriptor(
  name: string,
  { pid, count, names }: PassedDescriptors,
  ownPid: number,
): number | undefined {
  if (Number(pid) !== ownPid) return undefined;
  const index = (names ?? "").split(":").slice(0, Number(count)).indexOf(name);
  return index < 0 ? undefined : firstDescriptor + index;
}
