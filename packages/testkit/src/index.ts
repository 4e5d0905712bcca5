export { SOURCE_ARGV } from "./source-argv.ts";
export { driverSuite } from "./driver-suite/driver-suite.ts";
export type { DriverSetup, Deviation } from "./driver-suite/suite.ts";
export { startStrictS3 } from "./strict-s3/strict-s3.ts";
export type { StrictS3, StrictS3Options } from "./strict-s3/strict-s3.ts";
export type { Credentials as StrictS3Credentials } from "./strict-s3/auth.ts";
export type { BucketSettings as StrictS3Bucket } from "./strict-s3/bucket.ts";
export type { S3Response as StrictS3Response } from "./strict-s3/call.ts";
export type {
  CutStyle,
  Fault as StrictS3Fault,
  FaultAction as StrictS3FaultAction,
  FaultRequest as StrictS3FaultRequest,
  PlantedFault as StrictS3PlantedFault,
} from "./strict-s3/faults.ts";
export type { LoggedRequest as StrictS3LoggedRequest } from "./strict-s3/request-log.ts";
export type { Operation as StrictS3Operation } from "./strict-s3/operations.ts";
