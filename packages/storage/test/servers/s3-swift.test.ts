import { driverSuite } from "@omnisync/testkit";
import { serverOrSkip } from "@omnisync/testkit/servers/inject";
import { s3Setup } from "./s3-setup.ts";

const server = serverOrSkip("swift");
if (server !== undefined) {
  await driverSuite("s3 on swift", {
    ...(await s3Setup(server)),
    deviations: [
      {
        rule: "ST-65",
        only: "readers see",
        sometimes: true,
        // Three of 2,700 plain GETs, sent past the driver while 400 PUTs replaced the object.
        reason: "Swift 2.30 now and then answers 404 for an object that is being replaced",
      },
    ],
  });
}
