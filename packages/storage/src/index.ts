export {
  type AbilityName,
  ABILITY_NAMES,
  type Capabilities,
  type Conditions,
  type MultipartLimits,
  NO_CAPABILITIES,
} from "./capabilities.ts";
export type * from "./driver.ts";
export type { AttributeName, Attributes, Entry, EntryKind, HardLink, Special } from "./entry.ts";
export {
  ERROR_CODES,
  type ErrorCode,
  type RetryClass,
  StorageError,
  type StorageErrorContext,
  isStorageError,
  printable,
  throwIfAborted,
  toStorageError,
} from "./errors.ts";
export { HASH_NAMES, type HashName, type Hasher, createHasher, hashBytes } from "./hashes.ts";
export {
  checkRange,
  checkSize,
  collectBody,
  concatBytes,
  guardBody,
  isReplayable,
  openBody,
} from "./lib/body.ts";
export { checkWrite } from "./lib/check-write.ts";
export { writeOrLeave } from "./lib/release-stream.ts";
export { OWNER_LENGTH, type OwnerState, ownerMark, ownerState } from "./lib/process-owner.ts";
export { type Location, type LocationContext, formatLocation, parseLocation } from "./location.ts";
export {
  type OptionDescriptor,
  type OptionValue,
  type Settings,
  type SettingSources,
  flagName,
  redactSettings,
  resolveSettings,
} from "./options.ts";
export {
  RESERVED_NAME,
  baseName,
  checkPath,
  comparePaths,
  isReserved,
  isTempName,
  isWithin,
  joinPath,
  leadsOut,
  orderKey,
  parentPath,
  pathProblem,
  sortPaths,
} from "./path.ts";
export { type Prune, type PruneRule, isPruned, pruneBelow } from "./prune.ts";
export {
  type CallsExpected,
  type DriverDefinition,
  type OpenContext,
  type OpenOptions,
  type StoreSpec,
  type UrlParts,
  definitionByName,
  definitionByScheme,
  driverDefinitions,
  openDriver,
  registerDriver,
} from "./registry.ts";
export { READ_ALL_LIMIT, Storage, openStorage } from "./storage.ts";
export { formatDuration, formatSize, parseDuration, parseSize } from "./units.ts";
export { takesXattr } from "./xattr-names.ts";
export { FileDriver, type FileDriverOptions } from "./drivers/file/file-driver.ts";
export { MemoryDriver, type MemoryDriverOptions } from "./drivers/memory/memory-driver.ts";
export { MemoryStore } from "./drivers/memory/memory-store.ts";

import { fileDefinition } from "./drivers/file/index.ts";
import { memoryDefinition } from "./drivers/memory/index.ts";
import { s3Definition } from "./drivers/s3/index.ts";
import { registerDriver } from "./registry.ts";

registerDriver(memoryDefinition);
registerDriver(fileDefinition);
registerDriver(s3Definition);
