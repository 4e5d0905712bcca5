/** Which function does which operation. */
import {
  createBucket,
  deleteBucket,
  getBucketLocation,
  getBucketVersioning,
  headBucket,
  listBuckets,
  putBucketVersioning,
} from "./buckets.ts";
import type { Handler } from "./call.ts";
import { copyObject } from "./copy.ts";
import { deleteObjects } from "./delete-objects.ts";
import { listObjectVersions, listObjects, listObjectsV2 } from "./listing.ts";
import { completeMultipartUpload } from "./multipart-complete.ts";
import { listMultipartUploads, listParts } from "./multipart-list.ts";
import {
  abortMultipartUpload,
  createMultipartUpload,
  uploadPart,
  uploadPartCopy,
} from "./multipart.ts";
import { deleteObject, getObject, getObjectAttributes, putObject } from "./objects.ts";
import { unsupported } from "./operations.ts";
import type { Operation } from "./operations.ts";

export const handlers: Readonly<Record<Operation, Handler>> = {
  ListBuckets: listBuckets,
  CreateBucket: createBucket,
  DeleteBucket: deleteBucket,
  HeadBucket: headBucket,
  GetBucketLocation: getBucketLocation,
  GetBucketVersioning: getBucketVersioning,
  PutBucketVersioning: putBucketVersioning,
  ListObjects: listObjects,
  ListObjectsV2: listObjectsV2,
  ListObjectVersions: listObjectVersions,
  ListMultipartUploads: listMultipartUploads,
  DeleteObjects: deleteObjects,
  PutObject: putObject,
  CopyObject: copyObject,
  GetObject: getObject,
  HeadObject: getObject,
  DeleteObject: deleteObject,
  GetObjectAttributes: getObjectAttributes,
  CreateMultipartUpload: createMultipartUpload,
  UploadPart: uploadPart,
  UploadPartCopy: uploadPartCopy,
  CompleteMultipartUpload: completeMultipartUpload,
  AbortMultipartUpload: abortMultipartUpload,
  ListParts: listParts,
  Unsupported: ({ request }) => unsupported(request.method),
};
