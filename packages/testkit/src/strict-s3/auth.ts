/** Who sends a request, and whether it is what they signed. Header and presigned authentication. */
import { S3Error, invalidArgument } from "./s3-error.ts";
import { header } from "./request.ts";
import type { S3Request } from "./request.ts";
import { canonicalRequest, mustBeSigned, signatureMatches, stringToSign } from "./signature.ts";
import type { Signed } from "./signature.ts";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Temporary credentials: every request must carry it. */
  readonly sessionToken?: string | undefined;
  /** When they end, milliseconds since 1970; may be changed while the server runs. */
  expiresAt?: number | undefined;
}

export interface AuthSettings {
  readonly credentials: readonly Credentials[];
  readonly region: string;
  readonly now: () => number;
}

export interface Caller {
  readonly anonymous: boolean;
  /** What `x-amz-content-sha256` says of the body: a hash, `UNSIGNED-PAYLOAD`, `STREAMING-…`. */
  readonly payloadHash: string;
}

interface Claim extends Signed {
  readonly accessKeyId: string;
  readonly signature: string;
  readonly service: string;
  readonly terminator: string;
  readonly token: string | undefined;
}

const maxSkew = 15 * 60 * 1000;
const week = 604_800;
const credentialForm = "the Credential is mal-formed; expecting";
const credentialExample = '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request"';

export function authenticate(request: S3Request, settings: AuthSettings): Caller {
  const authorization = header(request, "authorization");
  const presigned = request.query.has("X-Amz-Algorithm") || request.query.has("X-Amz-Signature");
  if (authorization === undefined && !presigned) {
    const payloadHash = header(request, "x-amz-content-sha256") ?? "UNSIGNED-PAYLOAD";
    return { anonymous: true, payloadHash };
  }
  if (authorization !== undefined && presigned) {
    throw invalidArgument("Authorization", authorization, "Only one auth mechanism allowed");
  }
  const claim =
    authorization === undefined ? queryClaim(request) : headerClaim(request, authorization);
  checkScope(claim, settings.region, presigned);
  if (presigned) checkExpiry(request, claim, settings.now());
  else checkSkew(claim, settings.now());
  const owner = findOwner(claim, settings);
  checkAllSigned(request, claim);
  if (!signatureMatches(request, claim, owner.secretAccessKey, claim.signature)) {
    throw mismatch(request, claim);
  }
  return { anonymous: false, payloadHash: claim.payloadHash };
}

function headerClaim(request: S3Request, authorization: string): Claim {
  const rest = /^AWS4-HMAC-SHA256\s+(.*)$/.exec(authorization)?.[1];
  if (rest === undefined) {
    throw new S3Error("InvalidRequest", {
      message:
        "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
    });
  }
  const parts = new Map(rest.split(",").map((part) => splitOnce(part.trim(), "=")));
  const credential = parts.get("Credential");
  const signedHeaders = parts.get("SignedHeaders");
  const signature = parts.get("Signature");
  if (!credential || !signedHeaders || !signature) {
    throw malformedHeader(
      "the authorization header requires three components: Credential, SignedHeaders, and Signature.",
    );
  }
  const timestamp = header(request, "x-amz-date");
  if (timestamp === undefined || !isTimestamp(timestamp)) {
    throw new S3Error("AccessDenied", {
      message: "AWS authentication requires a valid Date or x-amz-date header",
    });
  }
  return {
    ...parseCredential(credential, malformedHeader),
    timestamp,
    signature,
    signedHeaders: signedHeaders.split(";").sort(),
    payloadHash: requiredPayloadHash(request),
    token: header(request, "x-amz-security-token"),
  };
}

function queryClaim(request: S3Request): Claim {
  const parameter = (name: string): string => {
    const value = request.query.get(name);
    if (value === undefined) throw new S3Error("AuthorizationQueryParametersError");
    return value;
  };
  if (parameter("X-Amz-Algorithm") !== "AWS4-HMAC-SHA256") {
    throw malformedQuery('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"');
  }
  const timestamp = parameter("X-Amz-Date");
  if (!isTimestamp(timestamp)) {
    throw malformedQuery("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
  }
  return {
    ...parseCredential(parameter("X-Amz-Credential"), (reason) =>
      malformedQuery(`Error parsing the X-Amz-Credential parameter; ${reason}`),
    ),
    timestamp,
    signature: parameter("X-Amz-Signature"),
    signedHeaders: parameter("X-Amz-SignedHeaders").split(";").sort(),
    payloadHash:
      request.query.get("X-Amz-Content-Sha256") ??
      header(request, "x-amz-content-sha256") ??
      "UNSIGNED-PAYLOAD",
    token: request.query.get("X-Amz-Security-Token"),
  };
}

function parseCredential(
  credential: string,
  malformed: (reason: string) => S3Error,
): Pick<Claim, "accessKeyId" | "scope" | "service" | "terminator"> {
  const [accessKeyId, date, region, service, terminator, ...more] = credential.split("/");
  if (
    !accessKeyId ||
    date === undefined ||
    region === undefined ||
    service === undefined ||
    terminator === undefined ||
    more.length > 0
  ) {
    throw malformed(`${credentialForm} ${credentialExample}.`);
  }
  return { accessKeyId, scope: { date, region }, service, terminator };
}

function requiredPayloadHash(request: S3Request): string {
  const hash = header(request, "x-amz-content-sha256");
  if (hash === undefined) {
    throw new S3Error("InvalidRequest", {
      message: "Missing required header for this request: x-amz-content-sha256",
    });
  }
  if (!/^(?:[0-9a-f]{64}|UNSIGNED-PAYLOAD|STREAMING-[A-Z0-9-]+)$/.test(hash)) {
    throw invalidArgument(
      "x-amz-content-sha256",
      hash,
      "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, or a valid sha256 value.",
    );
  }
  return hash;
}

function checkScope(claim: Claim, region: string, presigned: boolean): void {
  const fail = (reason: string, details: Record<string, string> = {}): never => {
    throw presigned
      ? malformedQuery(`Error parsing the X-Amz-Credential parameter; ${reason}`, details)
      : malformedHeader(reason, details);
  };
  if (claim.scope.date !== claim.timestamp.slice(0, 8)) {
    fail("Invalid credential date. Date is not the same as X-Amz-Date.");
  }
  if (claim.scope.region !== region) {
    fail(`the region '${claim.scope.region}' is wrong; expecting '${region}'`, { Region: region });
  }
  if (claim.service !== "s3") {
    fail(`incorrect service "${claim.service}". This endpoint belongs to "s3".`);
  }
  if (claim.terminator !== "aws4_request") {
    fail(`incorrect terminal "${claim.terminator}". This endpoint uses "aws4_request".`);
  }
}

function checkSkew(claim: Claim, now: number): void {
  if (Math.abs(now - parseTimestamp(claim.timestamp)) <= maxSkew) return;
  throw new S3Error("RequestTimeTooSkewed", {
    details: {
      RequestTime: claim.timestamp,
      ServerTime: new Date(now).toISOString(),
      MaxAllowedSkewMilliseconds: maxSkew,
    },
  });
}

function checkExpiry(request: S3Request, claim: Claim, now: number): void {
  const text = request.query.get("X-Amz-Expires");
  if (text === undefined) throw new S3Error("AuthorizationQueryParametersError");
  const seconds = Number(text);
  if (!/^-?\d+$/.test(text)) throw malformedQuery("X-Amz-Expires should be a number");
  if (seconds < 0) throw malformedQuery("X-Amz-Expires must be non-negative");
  if (seconds > week) {
    throw malformedQuery(
      "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds",
    );
  }
  const begin = parseTimestamp(claim.timestamp);
  if (begin - now > maxSkew) {
    throw new S3Error("AccessDenied", { message: "Request is not valid yet" });
  }
  if (now > begin + seconds * 1000) {
    throw new S3Error("AccessDenied", {
      message: "Request has expired",
      details: {
        "X-Amz-Expires": seconds,
        Expires: new Date(begin + seconds * 1000).toISOString(),
        ServerTime: new Date(now).toISOString(),
      },
    });
  }
}

function findOwner(claim: Claim, { credentials, now }: AuthSettings): Credentials {
  const owner = credentials.find(({ accessKeyId }) => accessKeyId === claim.accessKeyId);
  // AWS does not know a temporary key without its token.
  if (owner === undefined || (owner.sessionToken !== undefined && claim.token === undefined)) {
    throw new S3Error("InvalidAccessKeyId", { details: { AWSAccessKeyId: claim.accessKeyId } });
  }
  if (owner.sessionToken !== claim.token) throw new S3Error("InvalidToken");
  if (owner.expiresAt !== undefined && owner.expiresAt <= now()) throw new S3Error("ExpiredToken");
  return owner;
}

function checkAllSigned(request: S3Request, claim: Claim): void {
  const unsigned = [...request.headers.keys()].filter(
    (name) => mustBeSigned(name) && !claim.signedHeaders.includes(name),
  );
  if (unsigned.length === 0) return;
  throw new S3Error("AccessDenied", {
    message: "There were headers present in the request which were not signed",
    details: { HeadersNotSigned: unsigned.join(", ") },
  });
}

function mismatch(request: S3Request, claim: Claim): S3Error {
  return new S3Error("SignatureDoesNotMatch", {
    details: {
      AWSAccessKeyId: claim.accessKeyId,
      StringToSign: stringToSign(request, claim),
      SignatureProvided: claim.signature,
      CanonicalRequest: canonicalRequest(request, claim),
    },
  });
}

function malformedHeader(reason: string, details: Record<string, string> = {}): S3Error {
  return malformed("AuthorizationHeaderMalformed", {
    message: `The authorization header is malformed; ${reason}`,
    details,
  });
}

function malformedQuery(message: string, details: Record<string, string> = {}): S3Error {
  return malformed("AuthorizationQueryParametersError", { message, details });
}

/** The right region stands in a header too: the answer to a HEAD has no body to say it in. */
function malformed(
  code: string,
  options: { message: string; details: Record<string, string> },
): S3Error {
  const region = options.details["Region"];
  const headers = region === undefined ? {} : { "x-amz-bucket-region": region };
  return new S3Error(code, { ...options, headers });
}

function isTimestamp(text: string): boolean {
  return /^\d{8}T\d{6}Z$/.test(text) && !Number.isNaN(parseTimestamp(text));
}

function parseTimestamp(text: string): number {
  return Date.parse(
    text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"),
  );
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
