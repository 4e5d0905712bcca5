import { startNginxDav, startRadosgw } from "@omnisync/testkit/servers";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Job, compete, freshFolder, ratio, rowOf } from "../job.ts";
import { awsCli, omnisync, rclone, rclonePath, s3cmd } from "../peers.ts";
import { makeTree } from "../trees.ts";
import { makeBucket } from "../bucket.ts";

const FILES = 10_000;

export const uploadSmall: Job = {
  name: "upload-small",
  title: "upload 10,000 × 4 KiB to Ceph RGW",
  mark: "CPU ≤ 0.5 × rclone's, wall ≤ 0.9 × rclone's",
  async run({ scratch, runs }) {
    const source = smallTree(scratch);
    const server = await startRadosgw();
    try {
      await makeBucket(server, "bench");
      const cache = freshFolder(scratch, "cache-small");
      const copy = (transfers: string) => (run: number) =>
        rclone([
          "copy",
          "--transfers",
          transfers,
          source,
          rclonePath(server, `bench/rclone${transfers}-${run}`),
        ]);
      const rows = await compete(
        [
          {
            name: "omnisync",
            command: (run) =>
              omnisync(["copy", `${source}/`, `s3://bench/omnisync-${run}/`, "-q"], server, cache),
          },
          { name: "rclone --transfers 16", command: copy("16") },
          { name: "rclone --transfers 32", command: copy("32") },
          {
            name: "s3cmd",
            runs: 1,
            command: () =>
              s3cmd(["sync", "-q", `${source}/`, "s3://bench/s3cmd/"], server, scratch),
          },
          {
            name: "aws s3 sync",
            runs: 1,
            command: () =>
              awsCli(["s3", "sync", "--only-show-errors", source, "s3://bench/aws"], server),
          },
        ],
        runs,
        source,
      );
      const ours = rowOf(rows, "omnisync");
      const theirs = best(
        rowOf(rows, "rclone --transfers 16"),
        rowOf(rows, "rclone --transfers 32"),
      );
      return {
        rows,
        reached: `CPU ${ratio(ours.cpu, theirs.cpu)}, wall ${ratio(ours.wall, theirs.wall)} rclone's best`,
        met: ours.cpu <= 0.5 * theirs.cpu && ours.wall <= 0.9 * theirs.wall,
      };
    } finally {
      await server.stop();
    }
  },
};

export const uploadSink: Job = {
  name: "upload-sink",
  title: "upload 10,000 × 4 KiB to nginx (a fast sink, no signature check)",
  mark: "≥ 2 × rclone's files/s",
  async run({ scratch, runs }) {
    const source = smallTree(scratch);
    const server = await startNginxDav();
    try {
      const cache = freshFolder(scratch, "cache-sink");
      const copy = (transfers: string) => (run: number) =>
        rclone([
          "copy",
          "--transfers",
          transfers,
          "--s3-no-head",
          source,
          rclonePath(server, `bench/rclone${transfers}-${run}`, "Other"),
        ]);
      const rows = await compete(
        [
          {
            name: "omnisync",
            command: (run) =>
              omnisync(["copy", `${source}/`, `s3://bench/omnisync-${run}/`, "-q"], server, cache),
          },
          { name: "rclone --transfers 16", command: copy("16") },
          { name: "rclone --transfers 32", command: copy("32") },
        ],
        runs,
        source,
      );
      const ours = rowOf(rows, "omnisync");
      const theirs = best(
        rowOf(rows, "rclone --transfers 16"),
        rowOf(rows, "rclone --transfers 32"),
      );
      const [a, b] = [FILES / ours.wall, FILES / theirs.wall];
      return {
        rows,
        reached: `${a.toFixed(0)} files/s, ${ratio(a, b)} rclone's best`,
        met: a >= 2 * b,
      };
    } finally {
      await server.stop();
    }
  },
};

function smallTree(scratch: string): string {
  const source = join(scratch, "source-10k");
  return existsSync(source) ? source : makeTree(source, FILES, 4096);
}

function best<T extends { readonly wall: number }>(a: T, b: T): T {
  return a.wall <= b.wall ? a : b;
}
