/** Making the bucket itself. */
import type { CallOptions } from "../../driver.ts";
import { StorageError, isStorageError } from "../../errors.ts";
import type { S3Context } from "./s3-context.ts";
import { refusalOf } from "./s3-errors.ts";
import { signedXml } from "./signed-xml.ts";
import { encodeXml } from "./xml.ts";

const REQUEST = { operation: "createBucket", path: undefined, key: undefined } as const;

/**
 * Creates the configured bucket in the configured region. One that can be used already is left as it
 * is: AWS would reset its access lists where it lies in us-east-1.
 * @throws StorageError `already-exists` if the name is somebody else's.
 */
export async function createBucket(context: S3Context, options: CallOptions): Promise<void> {
  if (await isUsable(context, options)) return;
  const { region, profile } = context.config;
  const elsewhere = region !== "us-east-1";
  try {
    await create(context, options, elsewhere && profile.name === "aws");
  } catch (error) {
    // Other stores refuse a location as often as they want one: they are given it when they ask.
    const asks = elsewhere && refusalOf(error)?.code === "IllegalLocationConstraintException";
    if (!asks) return acceptOwn(error);
    await create(context, options, true).catch(acceptOwn);
  }
}

async function isUsable({ client, headers }: S3Context, { signal }: CallOptions): Promise<boolean> {
  try {
    await client.send({ ...REQUEST, method: "HEAD", headers: headers.plain, signal });
    return true;
  } catch (error) {
    // Who may create buckets need not be allowed to look: the answer to the creation tells then.
    if (isStorageError(error, "not-found", "permission-denied")) return false;
    throw error;
  }
}

async function create(
  { client, config }: S3Context,
  { signal }: CallOptions,
  located: boolean,
): Promise<void> {
  const constraint = `<LocationConstraint>${encodeXml(config.region)}</LocationConstraint>`;
  const document = `<CreateBucketConfiguration>${constraint}</CreateBucketConfiguration>`;
  await client.send({ ...REQUEST, method: "PUT", ...(located && signedXml(document)), signal });
}

function acceptOwn(error: unknown): void {
  if (refusalOf(error)?.code === "BucketAlreadyOwnedByYou") return;
  if (!isStorageError(error, "already-exists")) throw error;
  throw new StorageError("already-exists", {
    message: "the bucket belongs to somebody else: names of buckets are shared, choose another",
    operation: "createBucket",
    cause: error,
  });
}
