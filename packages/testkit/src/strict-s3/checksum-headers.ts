/** `x-amz-checksum-*` and its kin in requests and answers. */
import type { Checksum, ChecksumAlgorithm } from "./checksums.ts";
import { checksumAlgorithms, digestLengths } from "./checksums.ts";
import { header } from "./request.ts";
import type { S3Request } from "./request.ts";
import { S3Error } from "./s3-error.ts";
import type { XmlNode } from "./xml-write.ts";

/** A checksum that a client claims: in a header, or to come in a trailer (`value` is missing then). */
export interface ClaimedChecksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly value: string | undefined;
}

const prefix = "x-amz-checksum-";
const notChecksums = ["algorithm", "type", "mode"];

export function claimedChecksum(request: S3Request): ClaimedChecksum | undefined {
  const claims: ClaimedChecksum[] = [];
  for (const [name, value] of request.headers) {
    const suffix = name.startsWith(prefix) ? name.slice(prefix.length) : "";
    if (suffix === "" || notChecksums.includes(suffix)) continue;
    claims.push({ algorithm: algorithmOf(suffix), value });
  }
  const trailer = header(request, "x-amz-trailer")?.toLowerCase();
  if (trailer !== undefined)
    claims.push({ algorithm: trailerAlgorithm(trailer), value: undefined });
  if (claims.length > 1) {
    throw new S3Error("InvalidRequest", {
      message:
        "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    });
  }
  const [claim] = claims;
  checkSdkHeader(request, claim);
  if (claim?.value !== undefined) checkForm(claim.algorithm, claim.value);
  return claim;
}

/** @throws `InvalidRequest` unless the value is base64 of the algorithm's length. */
export function checkForm(algorithm: ChecksumAlgorithm, value: string): void {
  const bytes = Buffer.from(value, "base64");
  if (bytes.toString("base64") === value && bytes.byteLength === digestLengths[algorithm]) return;
  throw new S3Error("InvalidRequest", {
    message: `Value for ${headerName(algorithm)} header is invalid.`,
  });
}

/** The algorithm that `x-amz-checksum-algorithm` names, if any. */
export function requestedAlgorithm(request: S3Request): ChecksumAlgorithm | undefined {
  const name = header(request, "x-amz-checksum-algorithm");
  const known = checksumAlgorithms.find((algorithm) => algorithm === name?.toUpperCase());
  if (name === undefined || known !== undefined) return known;
  throw new S3Error("InvalidRequest", {
    message: `Checksum algorithm provided is unsupported. Please try again with any of the valid types: [${checksumAlgorithms.join(", ")}]`,
  });
}

export function checksumFields(checksum: Checksum | undefined): Record<string, string> {
  if (checksum === undefined) return {};
  return { [headerName(checksum.algorithm)]: checksum.value, "x-amz-checksum-type": checksum.type };
}

export function checksumNodes(checksum: Checksum | undefined): readonly XmlNode[] {
  if (checksum === undefined) return [];
  return [
    [`Checksum${checksum.algorithm}`, checksum.value],
    ["ChecksumType", checksum.type],
  ];
}

export function headerName(algorithm: ChecksumAlgorithm): string {
  return prefix + algorithm.toLowerCase();
}

function algorithmOf(suffix: string): ChecksumAlgorithm {
  const found = checksumAlgorithms.find((algorithm) => algorithm.toLowerCase() === suffix);
  if (found !== undefined) return found;
  throw new S3Error("InvalidRequest", {
    message: "The algorithm type you specified in x-amz-checksum- header is invalid.",
  });
}

function trailerAlgorithm(trailer: string): ChecksumAlgorithm {
  if (trailer.startsWith(prefix)) return algorithmOf(trailer.slice(prefix.length));
  throw new S3Error("InvalidRequest", {
    message: "The value specified in the x-amz-trailer header is not supported",
  });
}

function checkSdkHeader(request: S3Request, claim: ClaimedChecksum | undefined): void {
  const named = header(request, "x-amz-sdk-checksum-algorithm")?.toUpperCase();
  if (named === undefined || named === claim?.algorithm) return;
  throw new S3Error("InvalidRequest", {
    message:
      claim === undefined
        ? "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found."
        : "Value for x-amz-sdk-checksum-algorithm header is invalid.",
  });
}
