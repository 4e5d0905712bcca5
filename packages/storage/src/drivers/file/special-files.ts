/**
 * Making FIFOs, sockets and devices. Node has no call for it, so `mkfifo` and `mknod` are run; they are given a
 * path below a descriptor of this process, which leads nowhere else than every other call's.
 */
import { spawnSync } from "node:child_process";
import type { Special } from "../../entry.ts";
import { StorageError } from "../../errors.ts";

const TIMEOUT = 10_000;

/** Listens at its argument and dies on the spot, as a socket that is closed is removed. */
const LISTEN =
  'require("node:net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))' +
  '.on("error", (error) => { console.error(error.message); process.exit(1); })';

/** Creates it, with mode 0600 less the umask. @throws StorageError `permission-denied`, `unsupported` */
export function createSpecial(target: string, { type, major, minor }: Special): void {
  switch (type) {
    case "fifo":
      return run("mkfifo", ["-m", "600", target]);
    case "socket":
      return listen(target);
    case "block":
    case "character": {
      const letter = type === "block" ? "b" : "c";
      if (major === undefined || minor === undefined) {
        throw new StorageError("invalid-argument", { message: "a device has two numbers" });
      }
      return run("mknod", ["-m", "600", target, letter, String(major), String(minor)]);
    }
  }
}

function listen(target: string): void {
  const { signal, stderr, error } = spawnSync(process.execPath, ["-e", LISTEN, target], {
    encoding: "utf8",
    timeout: TIMEOUT,
    killSignal: "SIGTERM",
  });
  if (signal === "SIGKILL") return;
  throw refusal("a socket", error?.message ?? stderr);
}

function run(program: string, args: readonly string[]): void {
  const options = { encoding: "utf8", timeout: TIMEOUT } as const;
  const { status, stderr, error } = spawnSync(program, args, options);
  if (status !== 0) throw refusal(program, error?.message ?? stderr);
}

function refusal(what: string, text: string): StorageError {
  const code = /not permitted|denied/i.test(text) ? "permission-denied" : "unsupported";
  return new StorageError(code, { message: `${what}: ${text.trim() || "failed"}` });
}
