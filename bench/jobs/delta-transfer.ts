import { chooseBlockSize } from "@omnisync/delta";
import { startRadosgw } from "@omnisync/testkit/servers";
import { closeSync, copyFileSync, existsSync, openSync, utimesSync, writeSync } from "node:fs";
import { join } from "node:path";
import { makeBucket } from "../bucket.ts";
import { countingProxy } from "../counting-proxy.ts";
import { type Job, compete, freshFolder, ratio, rowOf } from "../job.ts";
import { omnisync, rclone, rclonePath } from "../peers.ts";
import { makeFile } from "../trees.ts";

const MIB = 1024 ** 2;
const SIZE = 1024 * MIB;
/** Where edits lie: far apart, so that each costs a part of its own. */
const CLUSTERS = [170 * MIB + 5, 500 * MIB + 77, 970 * MIB + 1];
/** Bytes that change at each. */
const EDIT = MIB;
/** Nothing that the store's rules allow sends less: a cluster is a part of 5 MiB. */
const OPTIMUM = CLUSTERS.length * 5 * MIB;
/** What the blocks take in a signature. */
const SIGNATURE = 40 * Math.ceil(SIZE / chooseBlockSize(SIZE));

export const deltaTransfer: Job = {
  name: "delta-transfer",
  title: "3 edits of 1 MiB in an object of 1 GiB, up, and down onto the old file (Ceph RGW)",
  mark: "bytes sent ≤ 1.02 × the optimum under the 5 MiB rule (15 MiB); peak ≤ 250 MB",
  async run({ scratch, runs }) {
    const file = join(scratch, "image.bin");
    if (!existsSync(file)) makeFile(file, SIZE);
    const server = await startRadosgw({ storeBytes: 8 * 1024 ** 3 });
    const proxy = await countingProxy(server.endpoint);
    const counted = { ...server, endpoint: proxy.endpoint };
    try {
      await makeBucket(server, "bench");
      const cache = freshFolder(scratch, "cache-delta");
      const target = freshFolder(scratch, "delta-down");
      const old = join(target, "old.bin");
      const down = join(target, "o");
      const url = "s3://bench/omnisync.bin";
      const remote = rclonePath(server, "bench/rclone.bin");
      copyFileSync(file, old);
      const counts = { sent: 0, received: 0 };
      let most = 0;
      let fetched = 0;
      const first = await compete(
        [
          {
            name: "omnisync up, whole",
            command: () => omnisync(["copy", file, url, "-q"], server, cache),
          },
          { name: "rclone up, whole", command: () => rclone(["copyto", file, remote]) },
        ],
        1,
        file,
      );
      const rows = await compete(
        [
          {
            name: "omnisync up, delta",
            prepare: (run) => {
              edit(file, run);
              counts.sent = proxy.sent;
            },
            command: () => omnisync(["copy", file, url, "-q"], counted, cache),
          },
          {
            name: "omnisync down, delta",
            prepare: () => {
              most = Math.max(most, proxy.sent - counts.sent - SIGNATURE);
              copyFileSync(old, down);
              utimesSync(down, 1, 1);
              counts.received = proxy.received;
            },
            command: () => omnisync(["copy", url, down, "-q"], counted, cache),
          },
          {
            name: "rclone up, again",
            runs: 1,
            prepare: () => {
              fetched = Math.max(fetched, proxy.received - counts.received - SIGNATURE);
            },
            command: () => rclone(["copyto", file, remote]),
          },
        ],
        runs,
        file,
      );
      const peak = Math.max(...rows.slice(0, 2).map(({ memory }) => memory));
      const [ours, theirs] = [rowOf(rows, "omnisync up, delta"), rowOf(rows, "rclone up, again")];
      const mib = (bytes: number): string => `${(bytes / MIB).toFixed(2)} MiB`;
      return {
        rows: [...first, ...rows],
        reached: `${mib(most)} sent, ${ratio(most, OPTIMUM)} the optimum, and ${mib(fetched)} fetched, besides the signature of ${mib(SIGNATURE)}; wall up ${ratio(ours.wall, theirs.wall)} rclone's; peak ${peak.toFixed(0)} MiB`,
        met: most <= 1.02 * OPTIMUM && peak <= 250e6 / MIB,
      };
    } finally {
      proxy.close();
      await server.stop();
    }
  },
};

/** New bytes at each place, another time for the file. */
function edit(path: string, run: number): void {
  const file = openSync(path, "r+");
  for (const at of CLUSTERS) writeSync(file, Buffer.alloc(EDIT, run + 1), 0, EDIT, at);
  closeSync(file);
}
