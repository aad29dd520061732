// SPDX-License-Identifier: Apache-2.0
import { readUserDirectory, type UserDirectory, type UserFiles } from "./users.ts";

/** Containers whose users are remembered. */
const containersMax = 4_096;

/** Who is who in each container. Those that the engine never tells of are never removed either: the oldest make room. */
export class ContainerUsers {
  readonly #users = new Map<string, UserDirectory>();

  of(containerId: string): UserDirectory | undefined {
    return this.#users.get(containerId);
  }

  /** Takes a container's files; those that could not be read (`isRead` false) take no others' place. */
  set(containerId: string, files: UserFiles, isRead: boolean): void {
    if (!isRead && this.#users.has(containerId)) return;
    this.#users.delete(containerId);
    this.#users.set(containerId, readUserDirectory(files));
    const oldest = this.#users.keys().next();
    if (this.#users.size > containersMax && oldest.done !== true) this.#users.delete(oldest.value);
  }

  remove(containerId: string): void {
    this.#users.delete(containerId);
  }
}
