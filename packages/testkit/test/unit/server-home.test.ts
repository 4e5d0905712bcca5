import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { ServerHome } from "../../src/servers/server-home.ts";

const onLinux = test.skipIf(process.platform !== "linux");

onLinux("stop ends every process and removes the folder", async () => {
  const home = new ServerHome("test");
  const pid = await startSleeper(home);
  // A process that is just becoming another has an empty command line too.
  await expect.poll(() => [existsSync(home.directory), isAlive(pid)]).toEqual([true, true]);
  await home.stop();
  await home.stop();
  await expect.poll(() => [existsSync(home.directory), isAlive(pid)]).toEqual([false, false]);
});

onLinux("a process killed outright leaves no server and no folder", async () => {
  const owner = spawn(process.execPath, ["--input-type=module-typescript", "-e", OWNER], {
    cwd: import.meta.dirname,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(createInterface(owner.stdout), "line")) as [string];
  const [directory = "", pid = ""] = line.split(" ");
  await expect.poll(() => [existsSync(directory), isAlive(pid)]).toEqual([true, true]);
  owner.kill("SIGKILL");
  await expect
    .poll(() => [existsSync(directory), isAlive(pid)], { timeout: 10_000 })
    .toEqual([false, false]);
});

onLinux("a server that ends while it starts is an error that shows its log", async () => {
  const home = new ServerHome("test");
  home.start("broken", "sh", ["-c", "echo no such port >&2; exit 3"]);
  await expect(home.ready("broken", async () => false)).rejects.toThrow(
    /broken ended: 3[^]*no such port/,
  );
  await home.stop();
});

const OWNER = `
  import { ServerHome } from "../../src/servers/server-home.ts";
  const home = new ServerHome("test");
  home.start("sleeper", "sh", ["-c", "echo $$ >pid; exec sleep 600"]);
  await home.ready("sleeper", async () => (await home.run("cat", ["pid"])) !== "");
  console.log(home.directory, await home.run("cat", ["pid"]));
  setInterval(() => {}, 1000);
`;

async function startSleeper(home: ServerHome): Promise<string> {
  home.start("sleeper", "sh", ["-c", "echo $$ >pid; exec sleep 600"]);
  await home.ready("sleeper", async () => (await home.run("cat", ["pid"])) !== "");
  return home.run("cat", ["pid"]);
}

/** Not so for a process that has ended and whose parent has not asked how: its command line is empty. */
function isAlive(pid: string): boolean {
  const file = `/proc/${pid.trim()}/cmdline`;
  return existsSync(file) && readFileSync(file, "utf8") !== "";
}
