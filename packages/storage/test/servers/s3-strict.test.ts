import { driverSuite } from "@omnisync/testkit";
import { startStrictS3 } from "@omnisync/testkit/strict-s3";
import { afterAll } from "vitest";
import { s3Setup } from "./s3-setup.ts";

const server = await startStrictS3({ keepLog: false });
afterAll(() => server.close());

await driverSuite("s3 on the strict server", await s3Setup(server));
await driverSuite(
  "s3 on the strict server with versions",
  await s3Setup(server, { versions: true }),
);
