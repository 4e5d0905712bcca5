/** Headers that are the same for every request of a kind: encryption, storage class, who pays. */
import { hash } from "node:crypto";
import type { S3Config } from "./s3-config.ts";
import { type ResponseHeaders, text } from "./s3-errors.ts";

/** Names and values in turn, lower case, in the order of their names. */
export interface FixedHeaders {
  /** Of GET and HEAD of an object, and of a part. */
  readonly read: readonly string[];
  /** Of what creates an object: PUT, CopyObject, CreateMultipartUpload. */
  readonly create: readonly string[];
  /** Of every other request. */
  readonly plain: readonly string[];
  /** Names the key of a source of a copy. */
  readonly copySource: readonly string[];
}

export function fixedHeaders(config: S3Config): FixedHeaders {
  const plain = config.requesterPays ? ["x-amz-request-payer", "requester"] : [];
  const customerKey = customerKeyHeaders("x-amz-server-side-encryption-customer", config);
  const create: string[] = [...customerKey];
  if (config.serverSideEncryption !== undefined && config.sseCustomerKey === undefined) {
    create.push("x-amz-server-side-encryption", config.serverSideEncryption);
    if (config.sseKmsKeyId !== undefined) {
      create.push("x-amz-server-side-encryption-aws-kms-key-id", config.sseKmsKeyId);
    }
  }
  return {
    plain,
    read: [...plain, ...customerKey],
    create: [...plain, ...create],
    copySource: customerKeyHeaders("x-amz-copy-source-server-side-encryption-customer", config),
  };
}

/** What a call says of the storage class, or the configuration. */
export function storageClassHeaders(
  config: S3Config,
  { storageClass }: { readonly storageClass?: string | undefined },
): readonly string[] {
  const value = storageClass ?? config.storageClass;
  return value === undefined ? [] : ["x-amz-storage-class", value];
}

/** Whether what is written is to be encrypted so that its ETag cannot be an MD5. */
export function encryptsBeyondMd5({ sseCustomerKey, serverSideEncryption }: S3Config): boolean {
  return sseCustomerKey !== undefined || (serverSideEncryption?.startsWith("aws:") ?? false);
}

/** Whether the ETag in this answer cannot be an MD5 because the object is encrypted with a key of KMS or the customer. */
export function hidesMd5(headers: ResponseHeaders): boolean {
  if (headers["x-amz-server-side-encryption-customer-algorithm"] !== undefined) return true;
  return text(headers, "x-amz-server-side-encryption")?.startsWith("aws:") ?? false;
}

function customerKeyHeaders(prefix: string, { sseCustomerKey }: S3Config): string[] {
  if (sseCustomerKey === undefined) return [];
  return [
    ...[`${prefix}-algorithm`, "AES256"],
    ...[`${prefix}-key`, sseCustomerKey],
    ...[`${prefix}-key-md5`, hash("md5", Buffer.from(sseCustomerKey, "base64"), "base64")],
  ];
}
