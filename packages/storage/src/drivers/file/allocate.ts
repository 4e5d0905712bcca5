/** Space for a file before its content comes. Node has no `fallocate`; util-linux has a program of that name. */
import { spawnSync } from "node:child_process";
import { StorageError } from "../../errors.ts";

/** @throws StorageError `no-space`, or `unsupported` where the program or the file system cannot. */
export function allocate(target: string, size: number): void {
  const args = ["--length", String(size), target];
  const { status, stderr, error } = spawnSync("fallocate", args, { encoding: "utf8" });
  if (status === 0) return;
  const text = (error?.message ?? stderr).trim();
  const code = /no space/i.test(text) ? "no-space" : "unsupported";
  throw new StorageError(code, { message: `space cannot be allocated: ${text}` });
}
