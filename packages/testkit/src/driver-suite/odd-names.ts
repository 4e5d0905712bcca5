/** Names that stores, protocols and terminals have been seen to mangle. */

/** Single segments, each a legal name on every store of keys and on every POSIX disk. */
export const ODD_NAMES: readonly string[] = [
  "with space",
  " leading space",
  "trailing space ",
  "  ",
  "-rf",
  "--",
  "..a",
  "a..b",
  "a..",
  "...",
  ".hidden",
  "trailing dot.",
  "~",
  "100%",
  "%2F",
  "%252F",
  "%00",
  "%zz",
  "a+b",
  "a&b=c;d",
  "<tag attr='x'>\"quoted\"<br>",
  "&amp;&lt;",
  "]]>",
  "#fragment",
  "question?mark=1",
  "back\\slash",
  "C:",
  "a:b",
  "CON",
  "*?[]{}",
  "$HOME`id`|!",
  "@user",
  "comma,semi;colon",
  "new\nline",
  "carriage\rreturn",
  "cr\r\nlf",
  "tab\there",
  "\u0001control\u001f",
  "escape\u001b[31m",
  "del\u007f",
  "c1\u0085\u009f",
  "nbsp\u00a0",
  "zero\u200bwidth",
  "\ufeffbom",
  "rtl\u202egnp.exe",
  "line\u2028separator",
  "ü",
  "日本語",
  "Ελληνικά",
  "עברית",
  "private\ue000use",
  "noncharacter\uffff",
  "replacement\ufffd",
  "😀",
  "👨‍👩‍👧‍👦",
  "𝒳\u{10ffff}",
  "null",
  "undefined",
  "__proto__",
  "constructor",
  "index.html",
  "latest.tmp",
  "omnisync",
  ".omnisync-notes",
  ".omnisyncx",
];

/** Pairs that one careless normalisation or case folding makes one. */
export const TWINS: readonly (readonly [string, string])[] = [
  ["caf\u00e9", "cafe\u0301"],
  ["\u212b", "\u00c5"],
  ["README", "readme"],
  ["straße", "STRASSE"],
  ["ﬁ", "fi"],
  ["dir/x", "DIR/x"],
];

/** Text that is no path. */
export const BAD_PATHS: readonly string[] = [
  "/",
  "/a",
  "a/",
  "a//b",
  ".",
  "..",
  "./a",
  "../a",
  "a/.",
  "a/..",
  "a/./b",
  "a/../b",
  "a\0b",
  "lone\ud800",
  "\udc00lone",
];

/** Names in whose order UTF-16, UTF-8, locales and "directories first" all differ. */
export const ORDER_NAMES: readonly string[] = [
  "a",
  "a b",
  "a!",
  "a-b",
  "a.b",
  "a/b",
  "a/b/c",
  "a0",
  "A",
  "B",
  "_",
  "aa",
  "a\u00e9",
  "\u00e9",
  "z",
  "~",
  "\ud7ff",
  "\ue000",
  "\uffef",
  "\u{10000}",
  "\u{1f600}",
  "\u{10ffff}",
];

/** A legal path of exactly `bytes` bytes, whose segments have at most `segment` bytes. */
export function pathOfBytes(bytes: number, segment: number): string {
  let path = "";
  let left = bytes;
  while (left > segment) {
    // A slash must not be the last byte.
    const length = left === segment + 1 ? segment - 1 : segment;
    path += `${"p".repeat(length)}/`;
    left -= length + 1;
  }
  return path + "p".repeat(left);
}
