/**
 * Server-side encryption, as far as a client sees it: which headers are refused, echoed, and asked
 * for again. Nothing is encrypted. Real S3 refuses customer keys without TLS; this server has none.
 */
import { createHash, randomBytes } from "node:crypto";
import { header } from "./request.ts";
import type { S3Request } from "./request.ts";
import { S3Error, invalidArgument } from "./s3-error.ts";

export type Encryption =
  | { readonly kind: "AES256" }
  | { readonly kind: "aws:kms" | "aws:kms:dsse"; readonly keyId: string }
  | { readonly kind: "customer"; readonly keyMd5: string };

const prefix = "x-amz-server-side-encryption";
const defaultKey = "arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-000000000000";

/** What the request asks for a new object. */
export function requestedEncryption(request: S3Request): Encryption {
  const method = header(request, prefix);
  const keyMd5 = customerKeyMd5(request, prefix);
  if (keyMd5 !== undefined) {
    if (method === undefined) return { kind: "customer", keyMd5 };
    throw invalidArgument(
      prefix,
      method,
      "Server Side Encryption with Customer provided key is incompatible with the encryption method specified",
    );
  }
  if (method === undefined || method === "AES256") return { kind: "AES256" };
  if (method === "aws:kms" || method === "aws:kms:dsse") {
    return { kind: method, keyId: header(request, `${prefix}-aws-kms-key-id`) ?? defaultKey };
  }
  throw new S3Error("InvalidEncryptionAlgorithmError", {
    details: { ArgumentName: prefix, ArgumentValue: method },
  });
}

/** Refuses to read what was stored with a customer's key, unless the request has the same key. */
export function checkReadable(
  request: S3Request,
  encryption: Encryption,
  copySource = false,
): void {
  const keyMd5 = customerKeyMd5(
    request,
    copySource ? "x-amz-copy-source-server-side-encryption" : prefix,
  );
  if (encryption.kind === "customer") {
    if (keyMd5 === undefined) {
      throw new S3Error("InvalidRequest", {
        message:
          "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.",
      });
    }
    if (keyMd5 === encryption.keyMd5) return;
    throw new S3Error("AccessDenied", {
      message:
        "Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.",
    });
  }
  if (keyMd5 === undefined) return;
  throw new S3Error("InvalidRequest", {
    message: "The encryption parameters are not applicable to this object.",
  });
}

/** A part must come with the same customer key as the upload was begun with. */
export function checkPartEncryption(request: S3Request, encryption: Encryption): void {
  const keyMd5 = customerKeyMd5(request, prefix);
  const expected = encryption.kind === "customer" ? encryption.keyMd5 : undefined;
  if (keyMd5 === expected) return;
  throw new S3Error("InvalidRequest", {
    message:
      keyMd5 === undefined || expected === undefined
        ? "The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters."
        : "The provided encryption parameters did not match the ones used originally.",
  });
}

export function encryptionHeaders(encryption: Encryption): Record<string, string> {
  if (encryption.kind === "AES256") return { [prefix]: "AES256" };
  if (encryption.kind !== "customer") {
    return { [prefix]: encryption.kind, [`${prefix}-aws-kms-key-id`]: encryption.keyId };
  }
  return {
    [`${prefix}-customer-algorithm`]: "AES256",
    [`${prefix}-customer-key-md5`]: encryption.keyMd5,
  };
}

/** The MD5 of the content where S3 gives that, else 16 bytes that are not. */
export function etagOf(md5: Buffer, encryption: Encryption): string {
  return (encryption.kind === "AES256" ? md5 : randomBytes(16)).toString("hex");
}

/** Checks the three headers of a customer key; `undefined` if there are none. */
function customerKeyMd5(request: S3Request, name: string): string | undefined {
  const [algorithm, key, md5] = ["algorithm", "key", "key-md5"].map((part) =>
    header(request, `${name}-customer-${part}`),
  );
  if (algorithm === undefined && key === undefined && md5 === undefined) return undefined;
  const refuse = (message: string): never => {
    throw new S3Error("InvalidArgument", { message, details: { ArgumentName: prefix } });
  };
  if (algorithm === undefined) {
    refuse(
      "Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption algorithm.",
    );
  }
  if (algorithm !== "AES256") {
    throw new S3Error("InvalidEncryptionAlgorithmError", {
      details: { ArgumentName: prefix, ArgumentValue: algorithm ?? "" },
    });
  }
  if (key === undefined) {
    refuse(
      "Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.",
    );
  }
  const bytes = Buffer.from(key ?? "", "base64");
  if (bytes.byteLength !== 32 || md5 === undefined) {
    refuse("The secret key was invalid for the specified algorithm.");
  }
  if (createHash("md5").update(bytes).digest("base64") !== md5) {
    refuse("The calculated MD5 hash of the key did not match the hash that was provided.");
  }
  return md5;
}
