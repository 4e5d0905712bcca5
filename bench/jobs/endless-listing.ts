import { type Job, compete, freshFolder } from "../job.ts";
import { startListingServer } from "../listing-server.ts";
import { omnisync } from "../peers.ts";

export const endlessListing: Job = {
  name: "endless-listing",
  title: "1,000,000 listed objects against an empty destination (dry run)",
  mark: "peak memory flat (within 20 %) between 100,000 and 1,000,000",
  async run({ scratch, runs }) {
    const target = freshFolder(scratch, "empty");
    const contestants = [];
    const servers = [];
    for (const [name, objects] of [
      ["100,000 objects", 100_000],
      ["1,000,000 objects", 1_000_000],
    ] as const) {
      const server = await startListingServer(objects);
      servers.push(server);
      const access = { endpoint: server.endpoint, accessKeyId: "any", secretAccessKey: "any" };
      const cache = freshFolder(scratch, `cache-${objects}`);
      contestants.push({
        name,
        command: () =>
          omnisync(["sync", "s3://listing/", `${target}/`, "--dry-run", "-q"], access, cache),
      });
    }
    try {
      const rows = await compete(contestants, runs);
      const [small, large] = [rows[0]!, rows[1]!];
      const growth = large.memory / small.memory;
      return {
        rows,
        reached: `${small.memory.toFixed(0)} → ${large.memory.toFixed(0)} MiB (${((growth - 1) * 100).toFixed(0)} %); ${(1e6 / large.wall / 1000).toFixed(0)} k objects/s`,
        met: growth <= 1.2,
      };
    } finally {
      for (const server of servers) server.close();
    }
  },
};
