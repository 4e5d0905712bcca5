/**
 * Locations: everything that the command line accepts as a place, taken apart by one parser.
 * Pure: it looks at the text, and at what the caller says about registered backends and local names.
 */
import { StorageError } from "./errors.ts";

export type Location =
  | {
      readonly kind: "url";
      readonly scheme: string;
      readonly url: string;
      readonly trailingSlash: boolean;
    }
  | { readonly kind: "local"; readonly path: string; readonly trailingSlash: boolean }
  | {
      readonly kind: "sftp";
      readonly user: string | undefined;
      readonly host: string;
      readonly path: string;
      readonly trailingSlash: boolean;
    }
  | {
      readonly kind: "virtual";
      readonly backend: string;
      readonly path: string;
      readonly trailingSlash: boolean;
    };

export interface LocationContext {
  /** Whether a backend of this name is registered. Default: none is. */
  readonly isBackend?: ((name: string) => boolean) | undefined;
  /** Whether a local file of this name exists in the working directory. Default: it does. */
  readonly isLocal?: ((name: string) => boolean) | undefined;
}

/**
 * Takes a location apart, in this order: `scheme://…`; `user@host:path` and `host:/path`; `/abs`,
 * `./rel`, `../rel`, `.`, `~`, a Windows drive; else a virtual path if its first segment is a
 * registered backend, or a local path.
 * @throws StorageError `invalid-argument` for an empty location, a NUL byte, a virtual path without
 *   backend, or a name that is a backend and a local file at once.
 */
export function parseLocation(text: string, context: LocationContext = {}): Location {
  if (text === "") throw refuse(text, "a location is empty; write a path or scheme://…");
  if (text.includes("\0")) throw refuse(text, "a location holds a NUL byte");
  const trailingSlash =
    /[/\\]$/.test(text) || text === "." || text === ".." || /\/\.{1,2}$/.test(text);
  return (
    parseUrl(text, trailingSlash) ??
    parseRemote(text, trailingSlash) ??
    parseName(text, trailingSlash, context)
  );
}

/** The location as text again, without any user information. */
export function formatLocation(location: Location): string {
  switch (location.kind) {
    case "url":
      return location.url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, "$1");
    case "local":
      return location.path;
    case "sftp":
      return `${location.host}:${location.path}`;
    case "virtual":
      return `vfs://${location.backend}/${location.path}`;
  }
}

function parseUrl(text: string, trailingSlash: boolean): Location | undefined {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return undefined;
  if (scheme !== "vfs") return { kind: "url", scheme, url: text, trailingSlash };
  return virtual(text, text.slice("vfs://".length), trailingSlash);
}

function parseRemote(text: string, trailingSlash: boolean): Location | undefined {
  // One letter before ":" is a Windows drive, not a host.
  const match =
    /^(?:([^@/:\s]+)@(\[[0-9a-f:]+\]|[^@/:\s]+):(.*)|([A-Za-z0-9._-]{2,}|\[[0-9a-f:]+\]):(\/.*))$/is.exec(
      text,
    );
  if (match === null) return undefined;
  const host = (match[2] ?? match[4]) as string;
  const path = match[3] ?? match[5] ?? "";
  return { kind: "sftp", user: match[1], host, path, trailingSlash: trailingSlash || path === "" };
}

function parseName(text: string, trailingSlash: boolean, context: LocationContext): Location {
  const local: Location = { kind: "local", path: text, trailingSlash };
  if (/^(?:[/~\\]|\.{1,2}(?:[/\\]|$)|[A-Za-z]:(?:[/\\]|$))/.test(text)) return local;
  const first = text.split("/", 1)[0] as string;
  if (!(context.isBackend?.(first) ?? false)) return local;
  if (!(context.isLocal?.(first) ?? true)) return virtual(text, text, trailingSlash);
  throw refuse(text, `"${first}" is a backend and a local file; write ./${text} or vfs://${text}`);
}

function virtual(text: string, rest: string, trailingSlash: boolean): Location {
  const [backend = "", ...segments] = rest.split("/");
  if (backend === "") throw refuse(text, `"${text}" names no backend; write vfs://backend/path`);
  return {
    kind: "virtual",
    backend,
    path: segments.filter((name) => name !== "").join("/"),
    trailingSlash,
  };
}

function refuse(text: string, message: string): StorageError {
  return new StorageError("invalid-argument", {
    message,
    operation: "parseLocation",
    path: text === "" ? undefined : text,
  });
}
