import { driverSuite } from "@omnisync/testkit";
import { serverOrSkip } from "@omnisync/testkit/servers/inject";
import { s3Setup } from "./s3-setup.ts";

const server = serverOrSkip("radosgw");
if (server !== undefined) {
  const deviations = [
    {
      rule: "ST-150",
      only: "left out",
      reason: "Ceph RGW 16 completes only with every part that was sent",
    },
  ];
  await driverSuite("s3 on radosgw", { ...(await s3Setup(server)), deviations });
  await driverSuite("s3 on radosgw with versions", {
    ...(await s3Setup(server, { versions: true })),
    deviations,
  });
}
