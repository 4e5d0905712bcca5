/** Every flag, by the heading that it stands under in the help. */
import { ATTRIBUTE_FLAGS } from "./attribute-flags.ts";
import { COMPARE_FLAGS } from "./compare-flags.ts";
import { CONTENT_FLAGS, MKPATH_FLAG } from "./content-flags.ts";
import { DELETE_FLAGS, KEEP_FLAGS, REMOVE_SOURCE_FLAG } from "./delete-flags.ts";
import type { Flag } from "./flag.ts";
import { LIMIT_FLAGS } from "./limit-flags.ts";
import { DRY_RUN_FLAG, OUTPUT_FLAGS } from "./output-flags.ts";
import { FLAGS_WITHOUT_EFFECT, REFUSED_FLAGS } from "./rsync-only-flags.ts";
import { TAKE_PART_FLAGS } from "./take-part-flags.ts";

export interface FlagGroup {
  readonly heading: string;
  readonly flags: readonly Flag[];
}

/** Flags of `sync`, `copy`, `move`, `plan`; the first group without those that delete. */
export const TRANSFER_GROUPS: readonly FlagGroup[] = [
  { heading: "What to do:", flags: [DRY_RUN_FLAG, ...KEEP_FLAGS, REMOVE_SOURCE_FLAG] },
  { heading: "What counts as different:", flags: COMPARE_FLAGS },
  { heading: "What takes part:", flags: TAKE_PART_FLAGS },
  { heading: "Attributes:", flags: ATTRIBUTE_FLAGS },
  { heading: "How to do it:", flags: [...CONTENT_FLAGS, ...LIMIT_FLAGS] },
  { heading: "What to print:", flags: OUTPUT_FLAGS },
];

/** Of those that remove extras. */
export const DELETE_GROUP: FlagGroup = { heading: "What to do:", flags: DELETE_FLAGS };

/** All that `omnisync rsync` takes. */
export const RSYNC_GROUPS: readonly FlagGroup[] = [
  {
    heading: "What to do:",
    flags: [DRY_RUN_FLAG, ...DELETE_FLAGS, ...KEEP_FLAGS, REMOVE_SOURCE_FLAG],
  },
  { heading: "What counts as different:", flags: COMPARE_FLAGS },
  { heading: "What takes part:", flags: TAKE_PART_FLAGS },
  { heading: "Attributes:", flags: ATTRIBUTE_FLAGS },
  { heading: "How to do it:", flags: [MKPATH_FLAG, ...CONTENT_FLAGS, ...LIMIT_FLAGS] },
  { heading: "What to print:", flags: OUTPUT_FLAGS },
  { heading: "Taken, without effect:", flags: FLAGS_WITHOUT_EFFECT },
  { heading: "Refused:", flags: REFUSED_FLAGS },
];
