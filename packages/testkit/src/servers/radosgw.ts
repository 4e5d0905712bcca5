import { randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePorts } from "./free-ports.ts";
import { answers } from "./http-ready.ts";
import { RADOSGW_PORTS, monitorAddress, radosgwConf } from "./radosgw-conf.ts";
import { ServerHome, inHome } from "./server-home.ts";
import type { TestServer } from "./test-server.ts";

export interface RadosgwOptions {
  /**
   * Capacity, in memory. Default 8 GiB; memory is taken as it fills. A full store hangs instead of
   * answering with an error.
   */
  readonly storeBytes?: number | undefined;
}

const ACCESS = { accessKeyId: "test", secretAccessKey: "testsecret", region: "us-east-1" };

/** Ceph's S3 gateway over a cluster of its own in memory. Starts in about one second. */
export async function startRadosgw(options: RadosgwOptions = {}): Promise<TestServer> {
  const home = new ServerHome("radosgw");
  return inHome(home, async () => {
    const firstPort = await freePorts(RADOSGW_PORTS);
    await startCluster(home, { firstPort, storeBytes: options.storeBytes ?? 8 * 1024 ** 3 });
    const endpoint = `http://127.0.0.1:${firstPort}`;
    home.start("radosgw", "radosgw", ["-f", "-n", "client.rgw", ...useConf(home)]);
    await home.ready("radosgw", () => answers(endpoint));
    return { name: "radosgw", endpoint, ...ACCESS, stop: () => home.stop() };
  });
}

async function startCluster(
  home: ServerHome,
  layout: { readonly firstPort: number; readonly storeBytes: number },
): Promise<void> {
  const { directory } = home;
  const clusterId = randomUUID();
  for (const folder of ["mon", "osd", "run"]) mkdirSync(join(directory, folder));
  writeFileSync(
    join(directory, "ceph.conf"),
    radosgwConf({
      directory,
      clusterId,
      firstPort: layout.firstPort,
      storeBytes: layout.storeBytes,
    }),
  );
  await startMonitor(home, clusterId, layout.firstPort);
  await startOsd(home);
  await home.run("radosgw-admin", [
    ...useConf(home),
    ...["user", "create", "--uid=test", "--display-name=test"],
    ...[`--access-key=${ACCESS.accessKeyId}`, `--secret-key=${ACCESS.secretAccessKey}`],
  ]);
}

async function startMonitor(home: ServerHome, clusterId: string, firstPort: number): Promise<void> {
  const conf = useConf(home);
  await home.run("monmaptool", [
    ...["--create", "--fsid", clusterId, "--addv", "a", monitorAddress(firstPort), "monmap"],
  ]);
  await home.run("ceph-mon", [...conf, "-i", "a", "--mkfs", "--monmap", "monmap"]);
  home.start("mon", "ceph-mon", [...conf, "-f", "-i", "a"]);
}

async function startOsd(home: ServerHome): Promise<void> {
  const conf = useConf(home);
  const osdId = randomUUID();
  await home.run("ceph", [...conf, "osd", "new", osdId, "0"]);
  await home.run("ceph-osd", [...conf, "-i", "0", "--mkfs", "--osd-uuid", osdId]);
  home.start("osd", "ceph-osd", [...conf, "-f", "-i", "0"]);
  // A client that comes before the OSD is up waits through a long back-off.
  await home.ready("ceph-osd", async () =>
    (await home.run("ceph", [...conf, "osd", "stat"])).includes("1 up"),
  );
}

function useConf(home: ServerHome): readonly string[] {
  return ["-c", join(home.directory, "ceph.conf")];
}
