/**
 * `node -C x-source bench/drivers.ts [memory] [file] [s3]`: what the drivers do by themselves, with no
 * engine above them. `s3` is measured against Ceph RGW, whose CPU time is not counted.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileDriver, MemoryDriver } from "@omnisync/storage";
import { driverBenchmarks } from "@omnisync/testkit/benchmarks";
import { startServer } from "@omnisync/testkit/servers";
import { s3Setup } from "../packages/storage/test/servers/s3-setup.ts";

const BENCHMARKS: Readonly<Record<string, () => Promise<void>>> = {
  memory: () => driverBenchmarks("memory", { open: async () => new MemoryDriver() }),

  async file() {
    const root = await mkdtemp(join(tmpdir(), "omnisync-bench-"));
    try {
      await driverBenchmarks("file", { open: async () => new FileDriver({ root }) });
    } finally {
      await rm(root, { recursive: true });
    }
  },

  async s3() {
    const server = await startServer("radosgw");
    try {
      await driverBenchmarks("s3 (Ceph RGW)", await s3Setup(server));
    } finally {
      await server.stop();
    }
  },
};

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(BENCHMARKS);
for (const name of names) {
  const run = BENCHMARKS[name];
  if (run === undefined) {
    console.error(`no driver "${name}"; known: ${Object.keys(BENCHMARKS).join(", ")}`);
    process.exit(2);
  }
  await run();
}
