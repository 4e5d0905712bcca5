export interface RadosgwLayout {
  readonly directory: string;
  readonly clusterId: string;
  readonly firstPort: number;
  /** Capacity of the object store, which lies in memory. */
  readonly storeBytes: number;
}

/** Ports that one instance takes: the gateway, two of the monitor, and a range for the OSD. */
export const RADOSGW_PORTS = 31;

export function monitorAddress(firstPort: number): string {
  return `[v2:127.0.0.1:${firstPort + 1},v1:127.0.0.1:${firstPort + 2}]`;
}

/** A cluster of one monitor, one OSD in memory and one gateway, tuned to start within a second. */
export function radosgwConf(layout: RadosgwLayout): string {
  const { directory, firstPort } = layout;
  return Object.entries({
    fsid: layout.clusterId,
    "mon host": monitorAddress(firstPort),
    "mon initial members": "a",
    "public network": "127.0.0.1/32",
    "cluster network": "127.0.0.1/32",
    "ms bind ipv6": false,
    "ms bind port min": firstPort + 10,
    "ms bind port max": firstPort + 30,
    "run dir": `${directory}/run`,
    "admin socket": `${directory}/run/$name.asok`,
    "log file": `${directory}/log/$name.log`,
    "pid file": `${directory}/run/$name.pid`,
    "crash dir": `${directory}/run`,
    "mon data": `${directory}/mon`,
    "osd data": `${directory}/osd`,
    ...NO_AUTHENTICATION,
    ...ONE_OSD_IN_MEMORY,
    "memstore device bytes": layout.storeBytes,
    ...QUICK_START,
    ...gateway(firstPort),
  }).reduce((text, [key, value]) => `${text}${key} = ${value}\n`, "[global]\n");
}

const NO_AUTHENTICATION = {
  "auth cluster required": "none",
  "auth service required": "none",
  "auth client required": "none",
  // The default asks monitors for the encrypted mode, which needs keys: the gateway would hang.
  "ms mon client mode": "crc",
};

const ONE_OSD_IN_MEMORY = {
  "osd objectstore": "memstore",
  "osd pool default size": 1,
  "osd pool default min size": 1,
  "osd pool default pg num": 4,
  "osd pool default pgp num": 4,
  "osd pool default pg autoscale mode": "off",
  "osd crush chooseleaf type": 0,
  "mon allow pool size one": true,
  "mon max pg per osd": 10_000,
  "mon warn on pool no redundancy": false,
  // A machine with a nearly full disk is no reason to refuse: nothing is stored on it.
  "mon data avail warn": 2,
  "mon data avail crit": 1,
};

/** Without these a start takes up to six seconds, spent in waits made for real networks. */
const QUICK_START = {
  "paxos propose interval": 0.02,
  "paxos min wait": 0.01,
  "objecter tick interval": 0.3,
  "mon client hunt interval": 0.3,
  "mon client ping interval": 1,
  "mon tick interval": 1,
  "osd tick interval": 0.5,
  "ms initial backoff": 0.05,
};

function gateway(port: number): Record<string, string | number | boolean> {
  return {
    // Without tcp_nodelay a small GET waits for the client's delayed acknowledgement: 40 ms each.
    "rgw frontends": `beast endpoint=127.0.0.1:${port} tcp_nodelay=1`,
    "rgw dns name": "localhost",
    "rgw crypt require ssl": false,
    "rgw enable usage log": false,
    "rgw enable ops log": false,
    "rgw gc max objs": 3,
    // What was replaced frees its memory within seconds, not hours.
    "rgw gc obj min wait": 1,
    "rgw gc processor period": 3,
    "rgw gc processor max time": 3,
    "rgw lc max objs": 1,
    "rgw usage max shards": 1,
    "rgw objexp hints num shards": 1,
    "rgw data log num shards": 1,
    "rgw md log max shards": 1,
    "rgw override bucket index max shards": 1,
    "rgw dynamic resharding": false,
    "rgw num rados handles": 1,
    "rgw thread pool size": 64,
    "rgw run sync thread": false,
  };
}
