/** Documents as bodies of requests. */
import { hashBytes } from "../../hashes.ts";

/** A document as a body whose signature covers it. */
export function signedXml(document: string): {
  readonly body: Buffer;
  readonly payloadHash: string;
} {
  const body = Buffer.from(document);
  return { body, payloadHash: hashBytes("sha256", body) };
}
