/** Percent-encoding in the three dialects that S3 speaks. */
import { S3Error } from "./s3-error.ts";

/** Decodes a path, query or copy source. S3 reads `+` as a space everywhere; bad UTF-8 is `InvalidURI`. */
export function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch (cause) {
    if (cause instanceof URIError) throw new S3Error("InvalidURI");
    throw cause;
  }
}

/** As signatures want it: everything but the unreserved characters, hex in upper case. */
export function encodeForSignature(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** As listings with `encoding-type=url` give keys: a space is `+`, `/` and `*` stay. */
export function encodeForListing(text: string): string {
  return encodeForSignature(text)
    .replaceAll("%20", "+")
    .replaceAll("%2F", "/")
    .replaceAll("%2A", "*")
    .replaceAll("~", "%7E");
}
