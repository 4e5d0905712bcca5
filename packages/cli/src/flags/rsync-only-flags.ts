/**
 * Options of rsync that mean nothing here, and those that cannot be had. The first are taken and have
 * no effect: they are about rsync's protocol, its remote shell or its speed, and never about what the
 * destination holds in the end. The others are refused, each with its reason.
 */
import { RsyncError } from "../rsync/rsync-error.ts";
import type { Flag, Given } from "./flag.ts";

/** A `no-` form of each is taken too. */
const WITHOUT_EFFECT: readonly (readonly [
  name: string,
  short?: string | undefined,
  value?: string,
])[] = [
  ["inc-recursive"],
  ["i-r"],
  ["motd"],
  ["qsort"],
  ["super"],
  ["insecure-links"],
  ["checksum-choice", undefined, "name"],
  ["cc", undefined, "name"],
  ["checksum-seed", undefined, "n"],
  ["compress", "z"],
  ["old-compress"],
  ["new-compress"],
  ["compress-choice", undefined, "name"],
  ["zc", undefined, "name"],
  ["compress-level", undefined, "n"],
  ["zl", undefined, "n"],
  ["compress-threads", undefined, "n"],
  ["zt", undefined, "n"],
  ["skip-compress", undefined, "list"],
  ["max-alloc", undefined, "size"],
  ["rsh", "e", "command"],
  ["rsync-path", undefined, "program"],
  ["remote-option", "M", "option"],
  ["blocking-io"],
  ["old-args"],
  ["secluded-args", "s"],
  ["protect-args"],
  ["trust-sender"],
  ["address", undefined, "address"],
  ["port", undefined, "port"],
  ["sockopts", undefined, "options"],
  ["password-file", undefined, "file"],
  ["early-input", undefined, "file"],
  ["ipv4", "4"],
  ["ipv6", "6"],
  ["protocol", undefined, "n"],
  ["outbuf", undefined, "mode"],
  ["stderr", undefined, "mode"],
  ["msgs2stderr"],
];

const REFUSED: readonly (readonly [
  name: string,
  value: string | undefined,
  why: string,
  short?: string,
])[] = [
  [
    "remove-sent-files",
    undefined,
    "it would keep sources whose copies were there already; --remove-source-files removes them, too",
  ],
  [
    "munge-links",
    undefined,
    "links are kept as they are; --safe-links leaves out those that lead out",
  ],
  ["atimes", undefined, "access times are not kept", "U"],
  ["open-noatime", undefined, "files are opened in the usual way, which may change access times"],
  ["crtimes", undefined, "creation times cannot be set on this system", "N"],
  ["copy-devices", undefined, "devices are never opened; copy what is in one with dd"],
  ["write-devices", undefined, "devices are never opened; write to one with dd"],
  ["drop-D", undefined, "leave out --devices and --specials instead"],
  ["fake-super", undefined, "object stores keep owners without it, disks only for the super-user"],
  ["confine-root", "dir", "paths of backups, partial files and the like are not confined"],
  ["copy-as", "user[:group]", "run the program as that user"],
  ["iconv", "charsets", "names are kept as they are"],
  ["write-batch", "file", "batches are rsync's own format; omnisync plan and apply do the like"],
  [
    "only-write-batch",
    "file",
    "batches are rsync's own format; omnisync plan and apply do the like",
  ],
  ["read-batch", "file", "batches are rsync's own format; omnisync plan and apply do the like"],
  ["daemon", undefined, "there is no rsync daemon here"],
  ["config", "file", "there is no rsync daemon here"],
  ["dparam", "parameter", "there is no rsync daemon here"],
  ["detach", undefined, "there is no rsync daemon here"],
  ["server", undefined, "rsync's protocol is not spoken here: run rsync itself on both sides"],
  ["sender", undefined, "rsync's protocol is not spoken here: run rsync itself on both sides"],
];

export const FLAGS_WITHOUT_EFFECT: readonly Flag[] = WITHOUT_EFFECT.map(([long, short, value]) => ({
  long,
  short,
  value,
  where: ["rsync"],
  help: "Taken, without effect",
  set: () => {},
  unset: () => {},
}));

export const REFUSED_FLAGS: readonly Flag[] = REFUSED.map(([long, value, why, short]) => ({
  long,
  short,
  value,
  where: ["rsync"],
  help: `Not supported: ${why}`,
  set: (_, { flag }: Given) => {
    throw new RsyncError("unsupported", `${flag} is not supported: ${why}`);
  },
  unset: () => {},
}));
