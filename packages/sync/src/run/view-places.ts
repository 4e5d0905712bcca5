/**
 * The two places as a run sees them: with the attributes that it keeps told by every look and listing, within one
 * file system, through links that are to be followed. What needs nothing of it is left as it is.
 */
import {
  type AttributeName,
  type Driver,
  type FollowOptions,
  type ListOptions,
  type StatOptions,
  StorageError,
} from "@omnisync/storage";
import { intercept } from "@omnisync/storage/layers";
import type { Place, SyncOptions } from "../options.ts";

/** @throws StorageError `unsupported` for links that the source cannot follow. */
export function viewSource(place: Place, options: SyncOptions): Place {
  const which = followed(options);
  if (which === undefined || place.driver.capabilities.symlinks === undefined) {
    return telling(place, options);
  }
  const { followLinks } = place.driver;
  if (followLinks === undefined) {
    throw new StorageError("unsupported", {
      message: `${place.driver.name} cannot follow links; leave them out or keep them`,
    });
  }
  const driver = followLinks.call(place.driver, { which, base: place.path });
  return telling({ ...place, driver }, options);
}

export function viewDestination(place: Place, options: SyncOptions): Place {
  const { followLinks } = place.driver;
  // Where links are no more than notes there is no directory behind one.
  if (!options.keepDirLinks || followLinks === undefined) return telling(place, options);
  const driver = followLinks.call(place.driver, { which: "inner-directories" });
  return telling({ ...place, driver }, options);
}

function followed({ links, copyDirLinks }: SyncOptions): FollowOptions["which"] | undefined {
  if (links === "follow") return "all";
  if (links === "follow-unsafe") return "unsafe";
  return copyDirLinks ? "directories" : undefined;
}

function telling(place: Place, options: SyncOptions): Place {
  const attributes = attributesKept(options);
  const { oneFileSystem } = options;
  if (attributes.length === 0 && !oneFileSystem) return place;
  return { ...place, driver: withDefaults(place.driver, { attributes, oneFileSystem }) };
}

function withDefaults(
  driver: Driver,
  defaults: Pick<ListOptions, "attributes" | "oneFileSystem">,
): Driver {
  const { attributes } = defaults;
  return intercept(driver, {
    rewrap: (view) => withDefaults(view, defaults),
    methods: {
      stat: (path: string, given?: StatOptions) => driver.stat(path, { ...given, attributes }),
      list: (path: string, given?: ListOptions) => driver.list(path, { ...given, ...defaults }),
    },
  });
}

function attributesKept(options: SyncOptions): readonly AttributeName[] {
  const asked: readonly (readonly [AttributeName, boolean | undefined])[] = [
    ["owner", options.preserveOwner || options.preserveGroup],
    ["xattrs", options.preserveXattrs],
    ["acl", options.preserveAcls],
    ["hardLink", options.preserveHardLinks],
  ];
  return asked.filter(([, wanted]) => wanted).map(([name]) => name);
}
