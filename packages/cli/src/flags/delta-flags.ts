/** How large files go over as what differs from the copy that is there. */
import { blockSize, rsyncBlockSize, rsyncSize, size } from "../flag-values.ts";
import { type Flag, toggle, valued } from "./flag.ts";
import type { FlagValues } from "./flag-values.ts";

/** As the library's, which is not loaded to parse a command line; a test compares the two. Bytes. */
export const DEFAULT_THRESHOLD: number = 50 * 1024 ** 2;

export type DeltaFlags = Readonly<
  Pick<
    FlagValues,
    "wholeFile" | "deltaThreshold" | "blockSize" | "sidecar" | "noSidecar" | "deltaGenerate"
  >
>;

export const DELTA_FLAGS: readonly Flag[] = [
  toggle("wholeFile", {
    short: "W",
    negatable: true,
    help: "Send changed files whole, never as what differs from the copy that is there; --no-whole-file: as what differs from disk to disk, too (signed files, or --inplace)",
  }),
  valued(
    "deltaThreshold",
    { value: "size", parse: size, rsync: rsyncSize },
    { help: "Of changed files above this only what differs goes over (default: 50M)" },
  ),
  valued(
    "blockSize",
    { value: "size", parse: blockSize, rsync: rsyncBlockSize },
    {
      short: "B",
      negatable: true,
      help: "Bytes per block of new signatures: a multiple of 64K up to 5M (default: by the file's size)",
      rsyncHelp: "Bytes per block of new signatures, if it is a multiple of 64K up to 5M",
    },
  ),
  toggle("sidecar", {
    help: "Keep signatures beside their files, as name.hssig (default: under .omnisync/)",
  }),
  {
    long: "no-sidecar",
    help: "Neither read nor keep signatures: only what was appended is told apart",
    set: (values) => void (values.noSidecar = true),
  },
  toggle("deltaGenerate", {
    help: "Read a remote file that has no signature to make one, instead of sending all of the new one",
  }),
];
