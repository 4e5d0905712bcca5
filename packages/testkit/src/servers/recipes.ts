import { startNginxDav } from "./nginx-dav.ts";
import { startRadosgw } from "./radosgw.ts";
import { startSwift } from "./swift.ts";
import type { ServerName, TestServer } from "./test-server.ts";

/** What a server needs on the machine, and how to start it. */
export interface Recipe {
  readonly commands: readonly string[];
  /** Debian's and Ubuntu's names of the packages that bring the commands. */
  readonly packages: readonly string[];
  readonly start: () => Promise<TestServer>;
}

export const RECIPES: Readonly<Record<ServerName, Recipe>> = {
  radosgw: {
    commands: ["radosgw", "radosgw-admin", "ceph", "ceph-osd", "ceph-mon", "monmaptool"],
    packages: ["radosgw", "ceph-osd", "ceph-mon"],
    start: startRadosgw,
  },
  swift: {
    commands: [
      "swift-proxy-server",
      "swift-account-server",
      "swift-container-server",
      "swift-object-server",
      "memcached",
    ],
    packages: ["swift-proxy", "swift-account", "swift-container", "swift-object", "memcached"],
    start: startSwift,
  },
  "nginx-dav": { commands: ["nginx"], packages: ["nginx"], start: startNginxDav },
};
