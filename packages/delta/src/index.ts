export { checkBlockSize, chooseBlockSize, LARGEST_BLOCK, SMALLEST_BLOCK } from "./block-size.ts";
export {
  type ContentThread,
  matchInThread,
  type MatchInThreadOptions,
  signInThread,
  type SignInThreadOptions,
} from "./content-thread.ts";
export type { OpenFile } from "./delta-worker.ts";
export { type CopyOp, type DeltaOp, DeltaOps, type InsertOp } from "./delta.ts";
export { DeltaError, type DeltaErrorCode } from "./delta-error.ts";
export {
  deltaOfFile,
  type DeltaOfFileOptions,
  deltaOfOpenFile,
  type FileJobOptions,
  signFile,
  type SignFileOptions,
  signOpenFile,
} from "./delta-files.ts";
export { type Delta, DeltaMatcher, type MatcherOptions } from "./delta-matcher.ts";
export type { SpooledColumns } from "./hash-spool.ts";
export { type PartRules, S3_PART_RULES } from "./part-rules.ts";
export { planEqualParts } from "./plan-equal-parts.ts";
export {
  type FetchPlan,
  type FetchPlanOptions,
  type FetchStep,
  planFetch,
  type RangeStep,
  type RepeatStep,
  type ReuseStep,
} from "./plan-fetch.ts";
export {
  type CopyPart,
  type PartPlan,
  type PlannedPart,
  planParts,
  type UploadPart,
} from "./plan-parts.ts";
export {
  bindSignature,
  type ObjectIdentity,
  type Signature,
  signatureBelongsTo,
} from "./signature.ts";
export { SignatureBuilder, type SignatureBuilderOptions } from "./signature-builder.ts";
export {
  type DecodeOptions,
  type EncodeOptions,
  decodeSignature,
  encodedLength,
  encodeSignature,
  SIGNATURE_MAGIC,
} from "./signature-format.ts";
export { deltaOfStream, signStream } from "./streams.ts";
