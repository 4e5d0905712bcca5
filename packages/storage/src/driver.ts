/**
 * The storage contract: what every driver promises, and what callers may rely on.
 *
 * A driver speaks to one store, rooted at one place; all paths are relative to that root (`path.ts`).
 * Six methods are required. Every further ability is a small interface of its own and a field in
 * `Capabilities`; a driver has the methods of exactly those abilities that it claims.
 *
 * Promises that hold for every method:
 * - Safe to call concurrently, also on one path.
 * - Errors are `StorageError`; after `close` every method throws `closed`. What the caller's own body
 *   throws comes out as it is if it is a `StorageError`, else as `internal` with it as the cause.
 * - An aborted `signal` makes the call throw `aborted` soon; an aborted write has left nothing behind.
 * - A path that `checkPath` refuses throws `invalid-path` before anything else happens.
 * - No symlink is ever followed out of the root, and none at the last segment.
 * - No method reads a whole object into memory, except `readBlock`, whose caller sets the length.
 */
import type { Capabilities } from "./capabilities.ts";
import type { AttributeName, Attributes, Entry, Special } from "./entry.ts";
import type { StorageError } from "./errors.ts";
import type { HashName } from "./hashes.ts";
import type { Prune } from "./prune.ts";

export interface Driver extends Partial<Abilities> {
  /** The driver's registered name: `file`, `memory`, `s3`. */
  readonly name: string;
  /**
   * Which store this is, root included: equal ids mean the same objects. A URL without any secret,
   * such as `s3://127.0.0.1:9000/bucket/prefix`. Part of keys in caches and state files.
   */
  readonly id: string;
  /**
   * What the store can do, as far as it is known after `probe`. A condition that nobody has tried yet
   * (S3) counts as honoured; the first call that needs it finds out, and throws `unsupported` if not.
   */
  readonly capabilities: Capabilities;

  /**
   * What lies at `path`, always complete. Missing: `undefined`. "" is the root: a directory, or
   * `undefined` if it does not exist. A link is described, not followed.
   */
  stat(path: string, options?: StatOptions): Promise<Entry | undefined>;

  /**
   * The entries under a directory, in pages of at most a few thousand, without the directory itself.
   * Not recursive: what is directly in it, directories included, also those that exist only because
   * something lies below them. Recursive: everything below; directories that have an existence of
   * their own (real ones and markers) are among the entries.
   *
   * Ends normally only if everything was seen: a page that fails throws, and whoever consumes the
   * pages must take the listing as failed, never as shorter. A part that cannot be read (a directory
   * without permission, a name that is not UTF-8) goes to `onProblem` and the rest goes on; without
   * `onProblem` it throws.
   *
   * Missing directory: throws `not-found` where directories exist by themselves; elsewhere (plain
   * keys) it is the same as empty and yields nothing; likewise a file there, which throws
   * `not-a-directory` or is empty. A missing bucket throws `not-found` always.
   * Reserved paths are left out unless asked for, or named: of a reserved directory, and of one in it, all is
   * listed but what is reserved once more. May be left early (`break`), which frees everything.
   */
  list(directory: string, options?: ListOptions): AsyncIterable<readonly Entry[]>;

  /**
   * Opens a file for reading. The promise settles once the store has answered; `entry` describes
   * exactly the content that `body` gives. Missing: throws `not-found`; a directory: `is-a-directory`;
   * links, FIFOs, sockets, devices: `unsupported`, without opening them.
   *
   * `body` is read once, and must be read to its end or left early, which frees the connection. It
   * throws `corrupt` if the bytes end early or differ from a checksum that the store sent, and
   * `changed` if the file was seen to change meanwhile; it never ends normally on fewer bytes.
   * A range that begins at or after the end gives no bytes; one that is not of integers ≥ 0 throws
   * `invalid-argument`.
   */
  read(path: string, options?: ReadOptions): Promise<ReadResult>;

  /**
   * Creates or replaces a file, whole and at once: readers see the old content or the new, never a
   * mix, and after a failure or an abort the old content is untouched and nothing new is visible.
   * Creates parent directories. A link at `path` is replaced, not written through; a directory there
   * throws `is-a-directory`, where the two cannot exist side by side.
   *
   * If `size` is given and the body's length differs, throws `corrupt` and commits nothing. May be
   * repeated: the same write twice leaves what one leaves. A stream is the store's from the call on: where
   * it is not read to its end, it is left (`return`), also if nothing of it was read.
   * @returns the new entry, complete.
   */
  write(path: string, body: Body, options?: WriteOptions): Promise<Entry>;

  /**
   * Removes a file or link. Missing is success, except with `ifMatch`, which then throws
   * `precondition-failed`. A directory stays (see `rmdir`): where it cannot have a file's name, throws
   * `is-a-directory`.
   */
  remove(path: string, options?: RemoveOptions): Promise<void>;

  /**
   * Frees connections, workers and caches. May be called twice. Calls under way finish, or throw `closed`, and wait
   * for nothing but their caller's own body. A write that threw has stored nothing, or, if the store had it already,
   * the whole. Waits a little for what is being cleared up; throws, when all else is done, for an upload
   * that stays open.
   */
  close(): Promise<void>;
}

/** Everything beyond the required six. Each is present if, and only if, its capability says so. */
export interface Abilities {
  /**
   * Makes `capabilities` known as far as that needs no change to the store: from what is remembered of
   * it. With `write`, settles the rest by trying it out on a few small objects under `.omnisync/`, which
   * are removed again, and remembers the answer; where that is not allowed, nothing is honoured.
   * Idempotent. Called before first use; with `write` by whoever is going to write with conditions.
   */
  probe(options?: ProbeOptions): Promise<Capabilities>;

  /**
   * Creates a directory, for real or as a marker; existing is success, and gets the attributes that are
   * given, those not given stay; where a file and a directory cannot have one name, a file there throws
   * `not-a-directory`. Has no capability of its own: there, together with `rmdir`, where the store can keep
   * an empty directory.
   * The root, "", is the place itself: a bucket is made if it is missing; one whose name belongs to
   * somebody else throws `already-exists`. A bucket keeps no attributes: given some, throws `unsupported`.
   */
  mkdir(path: string, options?: DirectoryOptions): Promise<void>;
  /** Removes an empty directory; missing is success; else throws `directory-not-empty`. */
  rmdir(path: string, options?: CallOptions): Promise<void>;

  /** Whether `copy` and `copyPart` can take objects of `source`, which may be rooted elsewhere. */
  canCopyFrom(source: Driver): boolean;
  /**
   * Copies a file without passing it through this process; as atomic as `write`. Attributes come from
   * the source where `options` gives none. A missing source throws `not-found`; a source that is not
   * what `source.ifMatch` names throws `precondition-failed`. Copying a path onto itself is
   * `invalid-argument`, unless it is a version of it. A link is copied as a link; what is neither file nor link is
   * copied as it is, or `unsupported`.
   */
  copy(source: CopySource, path: string, options?: WriteOptions): Promise<Made>;

  /**
   * Renames a file or directory within the store, atomically, replacing a file at `to` and creating
   * its parents. Missing: `not-found`. Onto itself: nothing happens. A directory into itself throws
   * `invalid-argument`, onto one that holds something `directory-not-empty`.
   */
  move(from: string, to: string, options?: MoveOptions): Promise<void>;

  /**
   * Changes attributes without sending content. Those not given stay. Missing: `not-found`. Where
   * `directories`, also those of a directory, the root ("") among them.
   */
  setAttributes(path: string, attributes: Attributes, options?: ConditionOptions): Promise<Entry>;

  /** The target of a link, as text. Not a link: `invalid-argument`. */
  readLink(path: string, options?: CallOptions): Promise<string>;
  /** Creates or replaces a link; atomic as `write`. The target is kept as it is, never resolved. */
  writeLink(path: string, target: string, options?: WriteOptions): Promise<Entry>;

  /**
   * Makes `path` another name of the file at `existing`: one content, one set of attributes. Replaces a
   * file there and creates parents, atomic as `write`. Missing `existing`: `not-found`; no file:
   * `unsupported`. Has no capability of its own: there where the store has hard links. On such a store
   * two paths with one etag are names of one file. `existing` may be a path of another driver that
   * `canCopyFrom` takes; on another file system it is `unsupported`.
   */
  hardLink(existing: string | LinkSource, path: string, options?: LinkOptions): Promise<Entry>;

  /**
   * What lies at `path`, told so that it is known again under a path of any driver that has this method. A link
   * is itself. Has no capability of its own: there where one thing may be reached under several roots.
   */
  identify(path: string, options?: IdentifyOptions): Promise<Identity>;

  /**
   * The same store seen through its links, for reading: `stat`, `list`, `read` and their like tell of and
   * open what a link points to, also outside the root. Has no capability of its own: there where links are
   * native. A link that points to nothing is missing, in a listing a problem; so is one that leads back
   * to a directory it lies in. Needs no `close`.
   */
  followLinks(options: FollowOptions): Driver;

  /**
   * Creates or replaces a FIFO, socket or device (those for the super-user only); atomic as `write`. A
   * socket has nobody behind it.
   */
  makeSpecial(path: string, special: Special, options?: WriteOptions): Promise<Entry>;

  /**
   * Opens a file to be written into as it lies, under the name and inode that it has; it and its parents
   * are made if missing. Nothing about it is atomic: readers see each write at once, and whatever fails or
   * is left leaves what was written until then. A directory there throws `is-a-directory`, anything else
   * that is no file `unsupported`. Has no capability of its own: there where files can be changed.
   */
  patch(path: string, options?: ConditionOptions): Promise<Patch>;

  readonly multipart: Multipart;

  /**
   * Begins a file of known size that is filled out of order and then committed or aborted; until the
   * commit nothing is visible at `path`. Bytes never written are 0, or those of `base`.
   */
  stage(path: string, size: number, options?: StageOptions): Promise<Stage>;

  /**
   * Reads `length` bytes (fewer at the end) and their hashes in one go, off the main thread. `entry`
   * describes the file before the read; throws `changed` if it was another after it.
   */
  readBlock(path: string, options: ReadBlockOptions): Promise<Block>;

  /**
   * Opens a file for threads that read much of it by themselves. A directory throws `is-a-directory`, a file that is
   * not the one of `ifMatch` `precondition-failed`. Has no capability of its own: there where blocks can be read, of
   * files that this process has descriptors of.
   */
  openFile(path: string, options?: OpenFileOptions): Promise<OpenedFile>;

  /** A URL that lets whoever has it do one thing for a while. Treat it as a secret. */
  presign(path: string, options: PresignOptions): Promise<string>;

  /**
   * Removes any number of files; missing ones are success. Gives back those that failed, each with its
   * error. A path that is none, an aborted signal and `closed` are thrown, before anything is removed.
   */
  removeMany(paths: readonly string[], options?: CallOptions): Promise<readonly StorageError[]>;

  /**
   * The contents that the store keeps of a file, also of one that is removed; recursive: of every file
   * below a directory. Those of one path come together, the newest first; paths come as in `list`.
   * Nothing there: yields nothing. Ends normally only if everything was seen, as `list` does. What
   * cannot be a path goes to `onProblem`; without it, throws. May be left early.
   */
  listVersions(path: string, options?: VersionOptions): AsyncIterable<readonly FileVersion[]>;
  /**
   * Destroys one version for good; the others stay, and if it was the current one, the one before it
   * is current then. Missing is success. Removing the mark of a removal brings the file back.
   */
  removeVersion(path: string, version: string, options?: CallOptions): Promise<void>;

  /**
   * Hints of what changes under a directory, from when the promise settles on: who looks at the store
   * after that and then follows the hints, misses nothing that the store tells. Not recursive: only what
   * lies directly in it. Missing directory, or a file there: as `list`.
   *
   * A hint is never the truth. It may come late, twice, for nothing, or be one for several changes, and
   * some are lost where the system loses them: look, and look at everything now and then. What changed
   * is named, or a directory above it. Reserved paths are left out.
   *
   * The stream does not end by itself. It throws when the store can tell no more (`not-found`, behind a
   * `removed`, if the directory went away), `aborted` when the signal fires, `closed` after `close`. Until
   * then, or until it is left, it holds what it needs: leave it, or abort, also if it is never read.
   */
  watch(path: string, options?: WatchOptions): Promise<AsyncIterable<WatchHint>>;

  /**
   * Tells `listener` of each answer by which the store asks for fewer requests, also of those after
   * which the driver tries again by itself. It must not throw. Gives the function that ends it. Has no
   * capability of its own: there where stores give such answers.
   */
  onThrottled(listener: () => void): () => void;

  /**
   * Waits until the file or link that lies at `path` is on stable storage: its content, attributes and name, and the
   * directories that lead to it as far as they may be read. Missing: `not-found`. Has no capability of its own: there
   * where what was written without `durable` may be lost in a power cut.
   */
  flush(path: string, options?: CallOptions): Promise<void>;

  /** Space, in bytes; a figure that the store does not tell is left out. */
  about(options?: CallOptions): Promise<About>;

  /**
   * Removes a leftover of a local write whose process is gone (a reserved name, see `path.ts`).
   * @returns whether it was removed; `false` if its owner may still live.
   */
  removeStale(path: string, options?: CallOptions): Promise<boolean>;
}

/**
 * Bytes, a stream that is read once, or a function that opens the stream anew for every attempt.
 * Only bytes and functions can be retried. A stream may give each chunk in the memory of the one before.
 * Anything but `Uint8Array`, also among the chunks, is `invalid-argument`.
 */
export type Body = Uint8Array | AsyncIterable<Uint8Array> | (() => AsyncIterable<Uint8Array>);

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface MoveOptions extends CallOptions {
  /** Wait until the new name is on stable storage; the content's own is a matter of its write. Default false. */
  readonly durable?: boolean | undefined;
}

export interface ProbeOptions extends CallOptions {
  /** Default false. */
  readonly write?: boolean | undefined;
}

export interface IdentifyOptions extends CallOptions {
  /** Tell of the directories above too. Default false. */
  readonly above?: boolean | undefined;
}

export interface Identity {
  /**
   * Opaque. Equal for two paths only if they lead to one directory, or to one name of one file: what removes the one removes
   * the other. Missing where nothing lies there, or the store cannot tell.
   */
  readonly id: string | undefined;
  /** With `above`: the ids of the directories that it lies in, or would lie in, under whatever name they are reached. */
  readonly above: readonly string[];
}

export interface StatOptions extends CallOptions {
  /** What to tell beyond what costs nothing. Default: nothing. Left out where the store keeps none. */
  readonly attributes?: readonly AttributeName[] | undefined;
  /** Of this version, as `listVersions` names it. Without `capabilities.versions`: `unsupported`. */
  readonly version?: string | undefined;
  /** Where `fileAndDirectory`: the directory of this name is meant, and no file. Default: the file, if there is one. */
  readonly directory?: boolean | undefined;
}

export interface ListOptions extends CallOptions {
  /** Default false. */
  readonly recursive?: boolean | undefined;
  /** Only entries whose `orderKey` lies after this one. */
  readonly startAfter?: string | undefined;
  /** Reserved paths too (temporary files, `.omnisync/`). Default false. */
  readonly includeReserved?: boolean | undefined;
  /** As in `StatOptions`. */
  readonly attributes?: readonly AttributeName[] | undefined;
  /** Directories that lie on another file system than the listed one are told, but not entered. Default false. */
  readonly oneFileSystem?: boolean | undefined;
  /**
   * Directories that nobody wants the content of: they are told, but what is in them may be left out of a recursive
   * listing. Does it where that spares the store anything. Default: everything is entered.
   */
  readonly prune?: Prune | undefined;
  /**
   * Asked now and then for the path of a directory whose content turned out to be of no interest: of what is in it and
   * still to come, any part may be left out. For what `prune` cannot know beforehand.
   */
  readonly leave?: (() => string | undefined) | undefined;
  /** Told of each part that could not be listed; the error names the path. */
  readonly onProblem?: ((problem: StorageError) => void) | undefined;
}

export interface ReadOptions extends CallOptions {
  readonly range?: ByteRange | undefined;
  /** The etag that the content must have, else `precondition-failed`. */
  readonly ifMatch?: string | undefined;
  /** As in `StatOptions`; one that the path does not have throws `not-found`. */
  readonly version?: string | undefined;
  /**
   * The chunks of the body may be lent: asking for the next one may overwrite the one before, which
   * spares the store new memory for each. Default false: chunks are the caller's to keep.
   */
  readonly lend?: boolean | undefined;
}

/** `length` bytes from `offset`, both integers ≥ 0; without `length` to the end. */
export interface ByteRange {
  readonly offset: number;
  readonly length?: number | undefined;
}

/** A range whose end is known. */
export interface ExactRange {
  readonly offset: number;
  readonly length: number;
}

export interface ReadResult {
  readonly entry: Entry;
  readonly body: AsyncIterable<Uint8Array>;
}

/** At most one of the two; both are `invalid-argument`. */
export interface ConditionOptions extends CallOptions {
  /** The etag that must be there now, else `precondition-failed`. */
  readonly ifMatch?: string | undefined;
  /** Nothing may be there now, else `precondition-failed`. */
  readonly ifNoneMatch?: "*" | undefined;
}

export interface WriteOptions extends Attributes, ConditionOptions {
  /** Bytes that the body will give. Without it the store may have to buffer or send in parts. */
  readonly size?: number | undefined;
  /**
   * Hashes of the body that the caller knows already, lower-case hex (else `invalid-argument`); checked where
   * the store can, kept if it keeps any.
   */
  readonly hashes?: Readonly<Partial<Record<HashName, string>>> | undefined;
  readonly storageClass?: string | undefined;
  /** Wait until the content is on stable storage (fsync). Default false. Object stores always do. */
  readonly durable?: boolean | undefined;
  /** Where `capabilities.paces`: asked before each piece of the body leaves, also when it is sent again. */
  readonly pace?: Pacer | undefined;
  /** Runs of zeros become holes, where the store has such. Default false. */
  readonly sparse?: boolean | undefined;
  /**
   * Space is allocated before the first byte is written, so that a lack of it shows at once; not together with
   * `sparse`. Only a disk knows such a thing; elsewhere it means nothing. Default false.
   */
  readonly preallocate?: boolean | undefined;
}

/** Holds bytes back until they may go: `Throttle` is one. */
export interface Pacer {
  /** Bytes that are worth a wait of their own. At least 1. */
  readonly pieceSize: number;
  /** Waits until so many bytes may pass. Throws `aborted` when the signal fires. */
  take(bytes: number, signal?: AbortSignal | undefined): Promise<void>;
}

export interface RemoveOptions extends CallOptions {
  readonly ifMatch?: string | undefined;
}

export interface DirectoryOptions extends Attributes, CallOptions {
  /** As in `WriteOptions`. */
  readonly durable?: boolean | undefined;
}

export interface FollowOptions {
  /**
   * `all` links; those to `directories`, or only to `inner-directories`, which lie below the root; or those that
   * are `unsafe`: that lead out of `base` (`leadsOut` in `path.ts`).
   */
  readonly which: "all" | "directories" | "inner-directories" | "unsafe";
  /** Default "": the root. */
  readonly base?: string | undefined;
}

export interface LinkOptions extends ConditionOptions {
  /** Wait until the new name, and the content that it gives, are on stable storage. Default false. */
  readonly durable?: boolean | undefined;
}

/** A file of another driver. */
export type LinkSource = Pick<CopySource, "driver" | "path">;

export interface CopySource {
  readonly driver: Driver;
  readonly path: string;
  readonly ifMatch?: string | undefined;
  /** As in `ReadOptions`. A version may be copied onto its own path, which makes it current again. */
  readonly version?: string | undefined;
}

export interface ReadBlockOptions extends CallOptions {
  readonly offset: number;
  readonly length: number;
  /** Which hashes of the block to compute. */
  readonly hashes?: readonly HashName[] | undefined;
  /**
   * Memory of at least `length` bytes that may be used for the bytes, instead of new memory for each
   * block. The caller must not touch it again: where it was used, it comes back as `bytes.buffer`.
   */
  readonly memory?: ArrayBuffer | undefined;
  /** Only the hashes are wanted: `bytes` comes back empty, and `length` may be of any size. Default false. */
  readonly hashOnly?: boolean | undefined;
  readonly ifMatch?: string | undefined;
}

export interface Block {
  readonly entry: Entry;
  readonly bytes: Uint8Array;
  readonly hashes: Readonly<Partial<Record<HashName, string>>>;
}

export interface OpenFileOptions extends CallOptions {
  readonly ifMatch?: string | undefined;
}

/** A file that stays what it is as long as it is open, whatever becomes of its name; its content may change. */
export interface OpenedFile {
  /** The file as it was opened; complete. */
  readonly entry: Entry;
  /** To be read at positions, by nobody after `close`. */
  readonly descriptor: number;
  /** Throws `changed` if the content is another than when it was opened. */
  confirm(): Promise<void>;
  /** May be called twice. */
  close(): Promise<void>;
}

export interface PresignOptions {
  readonly method: "GET" | "PUT";
  /** Seconds that the URL is good for, 1 to 604,800. */
  readonly expiresIn: number;
  readonly contentType?: string | undefined;
}

export interface VersionOptions extends CallOptions {
  /** The path is a directory ("" too), and every file below it is meant. Default false. */
  readonly recursive?: boolean | undefined;
  /** With `recursive`: reserved paths too. Default false. */
  readonly includeReserved?: boolean | undefined;
  /** Told of each name that is no path; the error names it. */
  readonly onProblem?: ((problem: StorageError) => void) | undefined;
}

/** One content of a file that the store keeps, or the mark of a removal. */
export interface FileVersion {
  readonly path: string;
  /** What `stat`, `read`, `copy` and `removeVersion` take. */
  readonly version: string;
  /** The newest of its path: what calls without a version meet. */
  readonly current: boolean;
  /** A removal, kept as a version of its own. It has no content; if it is current, the file is missing. */
  readonly deleteMarker: boolean;
  /** Bytes. */
  readonly size: number;
  /** When the store took it in, milliseconds since 1970. */
  readonly storedAt?: number | undefined;
  /** Only where a listing knows it; else `stat` of the version does. */
  readonly mtime?: number | undefined;
  readonly etag?: string | undefined;
  readonly storageClass?: string | undefined;
}

export interface WatchOptions extends CallOptions {
  /** Default false. */
  readonly recursive?: boolean | undefined;
}

export interface WatchHint {
  readonly path: string;
  /**
   * - `changed`: it was created or changed. If a directory is there, so may be anything below it.
   * - `removed`: it was not there any more, with all that was below it.
   * - `overflow`: more happened than could be kept; look at everything in and below this directory.
   */
  readonly kind: "changed" | "removed" | "overflow";
}

export interface About {
  readonly total?: number | undefined;
  readonly used?: number | undefined;
  readonly free?: number | undefined;
}

/** What lies at a path after the store put something there by itself: a copy, or an object of parts. */
export interface Made extends Entry {
  /** Whether it is known to be that, and not what somebody else wrote there since. Default: nobody knows. */
  readonly isOwn?: boolean | undefined;
}

/** Uploads in parts. Nothing is visible at the path before `complete`. */
export interface Multipart {
  create(path: string, options?: UploadOptions): Promise<Upload>;
  /** Sends part `number` (from 1). Sending a number again replaces that part. */
  putPart(upload: Upload, number: number, bytes: Uint8Array, options?: PartOptions): Promise<Part>;
  /** Fills part `number` from a range of an object. Throws `unsupported` without `capabilities.copyPart`. */
  copyPart(
    upload: Upload,
    number: number,
    source: CopySource,
    range: ExactRange,
    options?: CallOptions,
  ): Promise<Part>;
  /** The parts that the store holds, by number. Throws `not-found` if the upload is gone. */
  listParts(upload: Upload, options?: CallOptions): AsyncIterable<readonly Part[]>;
  /**
   * Makes the object of these parts, in ascending order, visible at once. Safe to repeat after a lost
   * answer, also by another process. Parts that the store does not hold as named, are out of order, or
   * too small before the last throw `invalid-argument`.
   */
  complete(upload: Upload, parts: readonly Part[], options?: ConditionOptions): Promise<Made>;
  /** Gives up the upload and frees its parts. Unknown uploads are success. */
  abort(upload: Upload, options?: CallOptions): Promise<void>;
  /** Uploads under a directory that were begun and neither completed nor aborted. */
  listUploads(directory: string, options?: CallOptions): AsyncIterable<readonly Upload[]>;
}

export interface UploadOptions extends WriteOptions {
  /**
   * Bytes of every part but the last, if they are to be equal. Kept with the object where the store
   * keeps metadata, so that `Entry.parts` can be told later.
   */
  readonly partSize?: number | undefined;
}

export interface Upload {
  readonly path: string;
  readonly id: string;
  /** When it began, milliseconds since 1970. */
  readonly startedAt?: number | undefined;
}

export interface PartOptions extends CallOptions {
  readonly hashes?: Readonly<Partial<Record<HashName, string>>> | undefined;
  /** As in `WriteOptions`. */
  readonly pace?: Pacer | undefined;
}

export interface Part {
  readonly number: number;
  readonly size: number;
  readonly etag: string;
  /** Checksum that the store gave for the part and wants back at `complete`, as it wrote it. */
  readonly checksum?: string | undefined;
  /** Of a part that was copied: the MD5 of its bytes, hex, where the store tells it. */
  readonly md5?: string | undefined;
}

export interface StageOptions extends CallOptions {
  /** The hash that will be asked of the whole: may be computed while the bytes come. Default none. */
  readonly hash?: HashName | undefined;
  /**
   * The path of what an earlier stage of this path and size left (`leftover`): goes on with it, if it is
   * there, is of that size, and no living process has it; else begins anew. Check what it holds: a
   * machine that went down may have lost any of it.
   */
  readonly resume?: string | undefined;
  /** What it begins with, cut or filled with zeros to the size. One that goes on (`resume`) keeps what it has. */
  readonly base?: StageBase | undefined;
  /** As in `WriteOptions`. */
  readonly sparse?: boolean | undefined;
  readonly preallocate?: boolean | undefined;
}

/**
 * A file of the same store, also the one at the path itself, which stays as it is. It is not copied where its blocks
 * can be shared, and else off the main thread. What cannot be read is refused as by `read`; it throws `changed`
 * if it was another after it was copied.
 */
export interface StageBase {
  readonly path: string;
  /** As in `ReadOptions`. */
  readonly ifMatch?: string | undefined;
}

/** A file that is written into as it lies. After `close` or `leave` the others throw `closed`. */
export interface Patch {
  /** The file as it was opened; complete, with `hardLink` if it has other names. */
  readonly entry: Entry;
  /** Writes bytes at an offset, also behind the end. May be called again while one is under way. */
  write(offset: number, bytes: Uint8Array, options?: CallOptions): Promise<void>;
  /** Ends the file at `size` bytes, and its use. */
  close(size: number, options?: { readonly durable?: boolean | undefined }): Promise<Entry>;
  /** Ends its use, whatever was written. After `close` or `leave`, does nothing. */
  leave(): Promise<void>;
}

/** A file being put together out of order. After `commit` or `abort` the others throw `closed`. */
export interface Stage {
  /**
   * Writes bytes at an offset. Ranges may come in any order and at the same time; one that leaves the
   * announced size throws `invalid-argument`. Until it settles, the memory must stay as it is; afterwards it
   * is the caller's again.
   */
  write(offset: number, bytes: Uint8Array, options?: CallOptions): Promise<void>;
  /** The hash of a range as it lies on the store now, computed off the main thread. */
  hash(name: HashName, range: ExactRange, options?: CallOptions): Promise<string>;
  /** Makes the file visible at its path, atomically, with these attributes. */
  commit(options?: WriteOptions): Promise<Entry>;
  /** Drops everything. After `commit` or `abort`, does nothing. */
  abort(): Promise<void>;
  /** There where what was written outlives the process. */
  readonly leftover?: StageLeftover | undefined;
}

/** What a stage has written, as far as it can be gone on with later, also after the process was killed. */
export interface StageLeftover {
  /** Reserved; `removeStale` takes it away. */
  readonly path: string;
  /** Whether this stage goes on with what `StageOptions.resume` named. */
  readonly resumed: boolean;
  /** Ends the stage and leaves what was written. After `commit` or `abort`, does nothing. */
  keep(): Promise<void>;
}
