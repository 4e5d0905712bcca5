/**
 * Published test vectors of AWS Signature Version 4.
 * `SUITE`: the cases of the AWS Signature Version 4 test suite that hold for S3, which does not
 * normalise paths. Headers are as the suite's canonical request has them: names in lower case, repeated
 * ones joined. Key `wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY`, 2015-08-30T12:36:00Z, us-east-1, `service`.
 * `S3_EXAMPLES`: the examples of the S3 API reference, "Signature Calculations for the Authorization Header".
 */
export interface Vector {
  readonly name: string;
  readonly method: string;
  /** Not encoded. */
  readonly path: string;
  readonly query?: readonly string[];
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly sessionToken?: string;
  readonly signedHeaders: string;
  readonly signature: string;
}

const UNRESERVED = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const PLAIN = "host;x-amz-date";
const FORM = "application/x-www-form-urlencoded";

export const SESSION_TOKEN =
  "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeo" +
  "IYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5V" +
  "SXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yj" +
  "c8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";

export const SUITE: readonly Vector[] = [
  {
    name: "get-header-key-duplicate",
    method: "GET",
    path: "/",
    headers: ["my-header1", "value2,value2,value1"],
    signedHeaders: "host;my-header1;x-amz-date",
    signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
  },
  {
    name: "get-header-value-multiline",
    method: "GET",
    path: "/",
    headers: ["my-header1", "value1,value2,value3"],
    signedHeaders: "host;my-header1;x-amz-date",
    signature: "ba17b383a53190154eb5fa66a1b836cc297cc0a3d70a5d00705980573d8ff790",
  },
  {
    name: "get-header-value-order",
    method: "GET",
    path: "/",
    headers: ["my-header1", "value4,value1,value3,value2"],
    signedHeaders: "host;my-header1;x-amz-date",
    signature: "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
  },
  {
    name: "get-header-value-trim",
    method: "GET",
    path: "/",
    headers: ["my-header1", " value1", "my-header2", ' "a   b   c"'],
    signedHeaders: "host;my-header1;my-header2;x-amz-date",
    signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
  },
  {
    name: "get-unreserved",
    method: "GET",
    path: `/${UNRESERVED}`,
    signedHeaders: PLAIN,
    signature: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
  },
  {
    name: "get-utf8",
    method: "GET",
    path: "/\u1234",
    signedHeaders: PLAIN,
    signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
  },
  {
    name: "get-vanilla",
    method: "GET",
    path: "/",
    signedHeaders: PLAIN,
    signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
  },
  {
    name: "get-vanilla-empty-query-key",
    method: "GET",
    path: "/",
    query: ["Param1", "value1"],
    signedHeaders: PLAIN,
    signature: "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
  },
  {
    name: "get-vanilla-query-order-key-case",
    method: "GET",
    path: "/",
    query: ["Param2", "value2", "Param1", "value1"],
    signedHeaders: PLAIN,
    signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
  },
  {
    name: "get-vanilla-query-order-value",
    method: "GET",
    path: "/",
    query: ["Param1", "value2", "Param1", "value1"],
    signedHeaders: PLAIN,
    signature: "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694",
  },
  {
    name: "get-vanilla-query-unreserved",
    method: "GET",
    path: "/",
    query: [UNRESERVED, UNRESERVED],
    signedHeaders: PLAIN,
    signature: "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
  },
  {
    name: "get-vanilla-utf8-query",
    method: "GET",
    path: "/",
    query: ["\u1234", "bar"],
    signedHeaders: PLAIN,
    signature: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
  },
  {
    name: "post-header-key-sort",
    method: "POST",
    path: "/",
    headers: ["my-header1", "value1"],
    signedHeaders: "host;my-header1;x-amz-date",
    signature: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
  },
  {
    name: "post-header-value-case",
    method: "POST",
    path: "/",
    headers: ["my-header1", "VALUE1"],
    signedHeaders: "host;my-header1;x-amz-date",
    signature: "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
  },
  {
    name: "post-sts-header-before",
    method: "POST",
    path: "/",
    sessionToken: SESSION_TOKEN,
    signedHeaders: "host;x-amz-date;x-amz-security-token",
    signature: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
  },
  {
    name: "post-vanilla",
    method: "POST",
    path: "/",
    signedHeaders: PLAIN,
    signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
  },
  {
    name: "post-vanilla-query",
    method: "POST",
    path: "/",
    query: ["Param1", "value1"],
    signedHeaders: PLAIN,
    signature: "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
  },
  {
    name: "post-vanilla-query-nonunreserved",
    method: "POST",
    path: "/",
    query: ["@#$%^", "", "+", '/,?><`";:\\|][{}'],
    signedHeaders: PLAIN,
    signature: "66c82657c86e26fb25238d0e69f011edc4c6df5ae71119d7cb98ed9b87393c1e",
  },
  {
    name: "post-vanilla-query-space",
    method: "POST",
    path: "/",
    query: ["p", ""],
    signedHeaders: PLAIN,
    signature: "e71688addb58a26418614085fb730ba3faa623b461c17f48f2fbdb9361b94a9b",
  },
  {
    name: "post-x-www-form-urlencoded",
    method: "POST",
    path: "/",
    headers: ["content-type", FORM],
    body: "Param1=value1",
    signedHeaders: "content-type;host;x-amz-date",
    signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
  },
  {
    name: "post-x-www-form-urlencoded-parameters",
    method: "POST",
    path: "/",
    headers: ["content-type", `${FORM}; charset=utf8`],
    body: "Param1=value1",
    signedHeaders: "content-type;host;x-amz-date",
    signature: "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe",
  },
];

const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const S3_PLAIN = "host;x-amz-content-sha256;x-amz-date";

/** examplebucket.s3.amazonaws.com, 2013-05-24T00:00:00Z, us-east-1, `s3`. */
export const S3_EXAMPLES: readonly Vector[] = [
  {
    name: "GET Object, a range",
    method: "GET",
    path: "/test.txt",
    headers: ["range", "bytes=0-9", "x-amz-content-sha256", EMPTY],
    signedHeaders: "host;range;x-amz-content-sha256;x-amz-date",
    signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  },
  {
    name: "PUT Object, signed payload",
    method: "PUT",
    path: "/test$file.text",
    headers: [
      ...["date", "Fri, 24 May 2013 00:00:00 GMT"],
      ...["x-amz-storage-class", "REDUCED_REDUNDANCY"],
      "x-amz-content-sha256",
      "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
    ],
    body: "Welcome to Amazon S3.",
    signedHeaders: "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
    signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
  },
  {
    name: "GET Bucket Lifecycle",
    method: "GET",
    path: "/",
    query: ["lifecycle", ""],
    headers: ["x-amz-content-sha256", EMPTY],
    signedHeaders: S3_PLAIN,
    signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
  },
  {
    name: "GET Bucket (List Objects)",
    method: "GET",
    path: "/",
    query: ["max-keys", "2", "prefix", "J"],
    headers: ["x-amz-content-sha256", EMPTY],
    signedHeaders: S3_PLAIN,
    signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
  },
];

/** The documentation's signed URL, good for a day. */
export const PRESIGNED_SIGNATURE =
  "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
