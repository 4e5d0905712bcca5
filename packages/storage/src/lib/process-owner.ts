/**
 * Which process something belongs to, in a form that another process can check: whoever finds a leftover
 * has to know whether its owner still lives.
 *
 *     4be0c2f1 0f3a91c2 00a3f1 5e     (without the blanks)
 *     │        │        │      └ start time of the process, hashed to 8 bits
 *     │        │        └ process id, 24 bits (Linux allows 22)
 *     │        └ this boot, hashed to 32 bits
 *     └ this machine and process namespace, hashed to 32 bits
 *
 * Of another machine or namespace nothing can be told. A process that got the id anew and by chance
 * (1 in 256) the same hash counts as the old one, which only makes others wait.
 */
import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** The length of an owner's mark. */
export const OWNER_LENGTH = 24;

/** - `gone`: does not live any more, for certain. - `unknown`: runs, or ran, where we cannot look. */
export type OwnerState = "alive" | "gone" | "unknown";

let own: string | undefined;

/** The mark of this process, lower-case hex. */
export function ownerMark(): string {
  own ??= machineHash() + shortHash(bootId(), 8) + processMark(process.pid);
  return own;
}

export function ownerState(mark: string): OwnerState {
  if (mark.slice(0, 8) !== ownerMark().slice(0, 8)) return "unknown";
  if (mark.slice(8, 16) !== ownerMark().slice(8, 16)) return "gone";
  return isRunning(mark.slice(16)) ? "alive" : "gone";
}

/** A process of this boot and namespace: its id and the hash of its start time, 8 hex. */
export function processMark(pid: number): string {
  return pid.toString(16).padStart(6, "0") + startHash(pid);
}

/** @param mark as `processMark` gave it in this boot and namespace. */
export function isRunning(mark: string): boolean {
  const pid = Number.parseInt(mark.slice(0, 6), 16);
  return isAlive(pid) && startHash(pid) === mark.slice(6, 8);
}

/** New with every boot of every machine. */
export function bootId(): string {
  return linuxOnly(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8")) ?? hostname();
}

/** Containers on one machine differ in it. */
export function processNamespace(): string {
  return linuxOnly(() => readlinkSync("/proc/self/ns/pid")) ?? "";
}

export function shortHash(text: string, length: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, length);
}

function machineHash(): string {
  const id = linuxOnly(() => readFileSync("/etc/machine-id", "utf8")) ?? "";
  return shortHash(`${hostname()} ${id} ${processNamespace()}`, 8);
}

/** Field 22 of `/proc/<pid>/stat`; the name in field 2 may hold blanks and parentheses. */
function startHash(pid: number): string {
  const stat = linuxOnly(() => readFileSync(`/proc/${pid}/stat`, "latin1"));
  const start = stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  return start === undefined ? "00" : shortHash(start, 2);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and is somebody else's.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

function linuxOnly<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (["ENOENT", "EACCES", "EPERM", "ESRCH", "ENOTDIR"].includes(code)) return undefined;
    throw error;
  }
}
