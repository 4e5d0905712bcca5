import { intercept } from "@omnisync/storage/layers";
import { explainDelta, sync } from "@omnisync/sync";
import { expect, test } from "vitest";
import { serveBucket } from "../bucket.ts";
import { diskPlace } from "../disk-place.ts";

const MiB = 1024 * 1024;

test("[SY-415] the requests of a whole download are as many as it then takes", async () => {
  let reads = 0;
  const driver = intercept(await (await serveBucket()).open(), {
    around: async ({ operation }, run) => {
      if (operation === "read") reads++;
      return run();
    },
  });
  await driver.write("a", new Uint8Array(33 * MiB));
  const [from, to] = [
    { driver, path: "a" },
    { ...diskPlace(), path: "a" },
  ];
  const told = await explainDelta(from, to);
  expect(told).toMatchObject({ strategy: "ranges", reason: "nothing-there" });
  expect(reads).toBe(0);
  await sync(from, to);
  expect(told.requests).toBe(reads);
});
