/** The driver suite: one set of tests that proves every driver, chosen by capability. */
import { ABILITY_NAMES, type AbilityName, type Driver } from "@omnisync/storage";
import { disable } from "@omnisync/storage/layers";
import { addAboutTests } from "./about.ts";
import { addAttributeTests } from "./attributes.ts";
import { addClaimTests } from "./claims.ts";
import { addCloseTests } from "./close.ts";
import { addConditionTests } from "./conditions.ts";
import { addCopyTests } from "./copy.ts";
import { addDirectoryTests } from "./directories.ts";
import { addFacadeTests } from "./facade.ts";
import { addLinkTests } from "./links.ts";
import { addListTests } from "./list.ts";
import { addMoveTests } from "./move.ts";
import { addMultipartTests } from "./multipart.ts";
import { addOwnerTests } from "./owners.ts";
import { addPathTests } from "./paths.ts";
import { addPresignTests } from "./presign.ts";
import { addReadBlockTests } from "./read-block.ts";
import { addReadTests } from "./read.ts";
import { addRemoveManyTests } from "./remove-many.ts";
import { addRemoveTests } from "./remove.ts";
import { addStageTests } from "./stage.ts";
import { addStatTests } from "./stat.ts";
import {
  type Area,
  type DriverSetup,
  type FilledRoots,
  closeFilled,
  describeAreas,
} from "./suite.ts";
import { addVersionTests } from "./versions.ts";
import { addWatchTests } from "./watch.ts";
import { addWriteTests } from "./write.ts";

const AREAS = {
  claims: addClaimTests,
  paths: addPathTests,
  stat: addStatTests,
  list: addListTests,
  read: addReadTests,
  write: addWriteTests,
  attributes: addAttributeTests,
  owners: addOwnerTests,
  remove: addRemoveTests,
  conditions: addConditionTests,
  directories: addDirectoryTests,
  links: addLinkTests,
  copy: addCopyTests,
  move: addMoveTests,
  multipart: addMultipartTests,
  stage: addStageTests,
  readBlock: addReadBlockTests,
  presign: addPresignTests,
  removeMany: addRemoveManyTests,
  about: addAboutTests,
  versions: addVersionTests,
  watch: addWatchTests,
  close: addCloseTests,
  facade: addFacadeTests,
} satisfies Record<string, Area>;

type AreaName = keyof typeof AREAS;

/** What an ability that is switched off can change; `claims` and `close` go with each. */
const TOUCHED: { readonly [A in AbilityName]: readonly AreaName[] } = {
  orderedList: ["list"],
  resumableList: ["list"],
  completeList: ["list"],
  copy: ["copy", "facade", "versions"],
  move: ["move", "facade"],
  setAttributes: ["attributes", "owners"],
  symlinks: ["links"],
  specials: ["owners"],
  multipart: ["multipart", "write"],
  copyPart: ["multipart"],
  stage: ["stage"],
  readBlock: ["readBlock"],
  presign: ["presign"],
  removeMany: ["removeMany", "remove"],
  about: ["about"],
  versions: ["versions"],
  watch: ["watch"],
  conditions: ["conditions", "copy", "multipart", "stage", "facade"],
};

/**
 * Registers the whole suite for a driver, and again with each of its abilities switched off. Opens
 * one driver first, to know what it can do.
 * @example await driverSuite("memory", { open: async () => new MemoryDriver() });
 */
export async function driverSuite(name: string, setup: DriverSetup): Promise<void> {
  const sample = await setup.open();
  await sample.probe?.();
  const filled: FilledRoots = new Map();
  const parts = { setup, filled };
  describeAreas({ ...parts, name, sample, areas: AREAS, wrap: (driver) => driver });
  for (const ability of ABILITY_NAMES.filter((each) => hasAbility(sample, each))) {
    const wrap = (driver: Driver): Driver => disable(driver, ability);
    const title = `${name} without ${ability}`;
    describeAreas({ ...parts, name: title, sample: wrap(sample), areas: touched(ability), wrap });
  }
  await (setup.close === undefined ? sample.close() : setup.close(sample));
  closeFilled(setup, filled);
}

function touched(ability: AbilityName): Readonly<Record<string, Area>> {
  const names: readonly AreaName[] = ["claims", "close", ...TOUCHED[ability]];
  return Object.fromEntries(names.map((name) => [name, AREAS[name]]));
}

/** Whether there is anything to switch off. */
function hasAbility({ capabilities }: Driver, ability: AbilityName): boolean {
  if (ability === "conditions") return Object.values(capabilities.conditions).includes(true);
  return capabilities[ability] !== false && capabilities[ability] !== undefined;
}
