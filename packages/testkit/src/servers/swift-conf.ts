import { userInfo } from "node:os";

type FilterSettings = Readonly<Record<string, string | number | boolean>>;

/** The proxy's filters in order, each with its settings; the application comes last. */
const PIPELINE: Readonly<Record<string, FilterSettings>> = {
  catch_errors: {},
  gatekeeper: {},
  healthcheck: {},
  cache: {},
  listing_formats: {},
  s3api: {
    location: "us-east-1",
    dns_compliant_bucket_names: true,
    check_bucket_owner: false,
    max_upload_part_num: 10_000,
  },
  tempauth: { user_test_tester: "testing .admin" },
  copy: {},
  slo: {},
  dlo: {},
  versioned_writes: { allow_versioned_writes: true, allow_object_versioning: true },
  symlink: {},
};

/** Swift's own name of a filter, where it is not the one in the pipeline. */
const ENTRY_POINTS: Readonly<Record<string, string>> = { cache: "memcache" };

export function swiftConf(): string {
  return `[swift-hash]
swift_hash_path_suffix = omnisync
[storage-policy:0]
name = default
default = yes
[swift-constraints]
max_header_size = 32768
`;
}

export function storageServerConf(type: string, directory: string, port: number): string {
  return `${common(directory, port)}devices = ${directory}/srv
mount_check = false
disable_fallocate = true
fallocate_reserve = 0
[pipeline:main]
pipeline = ${type}-server
[app:${type}-server]
use = egg:swift#${type}
`;
}

export function proxyConf(directory: string, port: number, memcachedPort: number): string {
  const filters = Object.entries({
    ...PIPELINE,
    cache: { memcache_servers: `127.0.0.1:${memcachedPort}` },
  }).map(([name, settings]) => filter(name, settings));
  return `${common(directory, port)}[pipeline:main]
pipeline = ${Object.keys(PIPELINE).join(" ")} proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
${filters.join("")}`;
}

/** Runs one of Swift's servers with our `swift.conf`, whose place no flag and no variable can set. */
export function launcher(directory: string): string {
  return `import runpy, sys
import swift.common.utils as utils
utils.SWIFT_CONF_FILE = ${JSON.stringify(`${directory}/swift.conf`)}
utils.validate_hash_conf()
import swift.common.storage_policy as policy
policy.SWIFT_CONF_FILE = utils.SWIFT_CONF_FILE
policy.reload_storage_policies()
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
`;
}

/** Writes the rings of one device that its arguments `type:port` describe. One process instead of nine. */
export function ringBuilder(): string {
  return `import sys
from swift.common.ring import RingBuilder
for argument in sys.argv[1:]:
    type, port = argument.split(":")
    builder = RingBuilder(part_power=1, replicas=1, min_part_hours=1)
    builder.add_dev(dict(id=0, region=1, zone=1, weight=1, ip="127.0.0.1", port=int(port), device="d1"))
    builder.rebalance()
    builder.get_ring().save(type + ".ring.gz")
`;
}

function common(directory: string, port: number): string {
  return `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
swift_dir = ${directory}
user = ${userInfo().username}
workers = 0
log_level = WARNING
`;
}

function filter(name: string, settings: FilterSettings): string {
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${value}\n`);
  return `[filter:${name}]\nuse = egg:swift#${ENTRY_POINTS[name] ?? name}\n${lines.join("")}`;
}
