import { startRadosgw } from "@omnisync/testkit/servers";
import { makeBucket } from "../bucket.ts";
import { countingProxy } from "../counting-proxy.ts";
import { type Job, compete, freshFolder, ratio, rowOf } from "../job.ts";
import { omnisync, rclone, rclonePath } from "../peers.ts";
import { makeTree } from "../trees.ts";

const FILES = 200_000;

export const unchangedObjects: Job = {
  name: "unchanged-objects",
  title: "second run over 200,000 unchanged files, S3 destination (Ceph RGW)",
  mark: "0 HEAD; wall ≤ 0.5 × rclone's; peak ≤ 250 MB",
  async run({ scratch, runs }) {
    const source = makeTree(freshFolder(scratch, "source-200k"), FILES, 16);
    const server = await startRadosgw();
    const proxy = await countingProxy(server.endpoint);
    try {
      await makeBucket(server, "bench");
      const cache = freshFolder(scratch, "cache-200k");
      await compete(
        [
          {
            name: "fill",
            command: () => omnisync(["copy", `${source}/`, "s3://bench/t/", "-q"], server, cache),
          },
        ],
        1,
      );
      // Through the proxy the store has another address, so nothing is known of it the first time.
      const proxied = { ...server, endpoint: proxy.endpoint };
      const through = (name: string): Promise<unknown> =>
        compete(
          [
            {
              name,
              command: () =>
                omnisync(["sync", `${source}/`, "s3://bench/t/", "-q"], proxied, cache),
            },
          ],
          1,
        );
      await through("first run through the counting proxy");
      proxy.take();
      await through("second run, counted");
      const counted = proxy.take();
      const rows = await compete(
        [
          {
            name: "omnisync",
            command: () => omnisync(["sync", `${source}/`, "s3://bench/t/", "-q"], server, cache),
          },
          {
            name: "rclone --checkers 16 --fast-list",
            runs: 1,
            command: () =>
              rclone([
                "sync",
                "--checkers",
                "16",
                "--fast-list",
                source,
                rclonePath(server, "bench/t"),
              ]),
          },
          {
            name: "rclone --fast-list --size-only (sees no change of equal size)",
            runs: 1,
            command: () =>
              rclone(["sync", "--size-only", "--fast-list", source, rclonePath(server, "bench/t")]),
          },
        ],
        runs,
      );
      const ours = rowOf(rows, "omnisync");
      const theirs = rowOf(rows, "rclone --checkers 16 --fast-list").wall;
      const peak = ours.memory;
      return {
        rows,
        reached: `${counted.HEAD ?? 0} HEAD, ${counted.GET ?? 0} GET; wall ${ratio(ours.wall, theirs)} rclone's best; peak ${peak.toFixed(0)} MiB`,
        met: (counted.HEAD ?? 0) === 0 && ours.wall <= 0.5 * theirs && peak <= 250e6 / 1024 ** 2,
      };
    } finally {
      proxy.close();
      await server.stop();
    }
  },
};
