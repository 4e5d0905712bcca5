/** What all HTTP clients here have in common. */
import { readFileSync } from "node:fs";
import { getCACertificates } from "node:tls";

/** Answers that are collected: pages of listings, results, errors. Bytes. */
export const MAX_ANSWER: number = 64 * 1024 * 1024;
/** How long an idle connection is kept, milliseconds. */
export const KEEP_ALIVE = 15_000;

export class TooLongAnswer extends Error {
  readonly code = "UND_ERR_RES_EXCEEDED_MAX_SIZE";
}

/** With a code by which `s3-errors.ts` knows it: undici's where it has one, so that both clients fail alike. */
export function transportError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

/** What came is no answer. */
export function badAnswer(what: string, code = "HPE_BAD_ANSWER"): Error {
  return transportError(code, `the answer is not HTTP as it should be: ${what}`);
}

/** The server has closed the connection before the end of its answer. */
export function brokenOff(): Error {
  return transportError("ECONNRESET", "the server closed the connection");
}

/** Certificates are always checked: there is no setting that would switch it off. */
export function certificates(caBundle: string | undefined): { readonly ca?: string[] } {
  if (caBundle === undefined) return {};
  return { ca: [...getCACertificates("default"), readFileSync(caBundle, "utf8")] };
}
