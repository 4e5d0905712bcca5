import { mkdirSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { freePorts } from "./free-ports.ts";
import { answersOk, listens } from "./http-ready.ts";
import { ServerHome, inHome } from "./server-home.ts";
import { launcher, proxyConf, ringBuilder, storageServerConf, swiftConf } from "./swift-conf.ts";
import type { TestServer } from "./test-server.ts";

const STORAGE_TYPES = ["account", "container", "object"] as const;

/** OpenStack Swift with its S3 layer: a second, quite different S3. Starts in about six seconds. */
export async function startSwift(): Promise<TestServer> {
  const home = new ServerHome("swift");
  return inHome(home, async () => {
    const firstPort = await freePorts(2 + STORAGE_TYPES.length);
    await configure(home, firstPort);
    startProcesses(home, firstPort);
    const endpoint = `http://127.0.0.1:${firstPort}`;
    await home.ready("swift-proxy", () => answersOk(`${endpoint}/healthcheck`));
    for (const [type, port] of storagePorts(firstPort)) {
      await home.ready(`swift-${type}`, () => listens(port));
    }
    return {
      name: "swift",
      endpoint,
      accessKeyId: "test:tester",
      secretAccessKey: "testing",
      region: "us-east-1",
      stop: () => home.stop(),
    };
  });
}

async function configure(home: ServerHome, firstPort: number): Promise<void> {
  const { directory } = home;
  const write = (name: string, text: string): void => writeFileSync(join(directory, name), text);
  mkdirSync(join(directory, "srv", "d1"), { recursive: true });
  write("swift.conf", swiftConf());
  write("launch.py", launcher(directory));
  write("proxy-server.conf", proxyConf(directory, firstPort, memcachedPort(firstPort)));
  write("rings.py", ringBuilder());
  for (const [type, port] of storagePorts(firstPort)) {
    write(`${type}-server.conf`, storageServerConf(type, directory, port));
  }
  const ports = storagePorts(firstPort).map(([type, port]) => `${type}:${port}`);
  await home.run("/usr/bin/python3", ["rings.py", ...ports]);
}

function startProcesses(home: ServerHome, firstPort: number): void {
  home.start("memcached", "memcached", [
    ...["-u", userInfo().username, "-l", "127.0.0.1", "-p", `${memcachedPort(firstPort)}`],
    ...["-U", "0", "-m", "64"],
  ]);
  for (const type of [...STORAGE_TYPES, "proxy"]) {
    home.start(type, "/usr/bin/python3", [
      ...["launch.py", `/usr/bin/swift-${type}-server`],
      join(home.directory, `${type}-server.conf`),
    ]);
  }
}

function storagePorts(firstPort: number): readonly (readonly [type: string, port: number])[] {
  return STORAGE_TYPES.map((type, index) => [type, firstPort + 1 + index]);
}

function memcachedPort(firstPort: number): number {
  return firstPort + 1 + STORAGE_TYPES.length;
}
