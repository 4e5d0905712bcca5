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

/** Certificates are always checked: there is no setting that would switch it off. */
export function certificates(caBundle: string | undefined): { readonly ca?: string[] } {
  if (caBundle === undefined) return {};
  return { ca: [...getCACertificates("default"), readFileSync(caBundle, "utf8")] };
}
