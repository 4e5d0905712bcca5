import { driverSuite } from "@omnisync/testkit";
import { serverOrSkip } from "@omnisync/testkit/servers/inject";
import { s3Setup } from "./s3-setup.ts";

const server = serverOrSkip("swift");
if (server !== undefined) await driverSuite("s3 on swift", await s3Setup(server));
