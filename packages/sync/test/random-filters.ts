/** Random trees, rules of rsync's style for them, and rule files in their directories. */
import fc from "fast-check";

const DIRECTORIES = ["d", "cache", "x y", "a"];
const FILES = ["a", "ab", "a.o", "b.txt", "core"];
const WORDS = [
  "a",
  "d",
  "ab",
  "*.o",
  "*",
  "?",
  "[ab]",
  "[!a]*",
  "cache",
  "*.txt",
  "**",
  "a*",
  "x y",
  "***",
];
const SIGNS = [
  "-",
  "+",
  "-s",
  "+s",
  "-r",
  "+r",
  "H",
  "S",
  "P",
  "R",
  "-p",
  "-!",
  "-sr",
  "-rp",
  "P,p",
];
const MERGES = [":", ":n", ":e", ":-", ":s", ":p", ":r"];

/** Paths to contents; directories are those that files are in. */
export type Tree = Readonly<Record<string, string>>;

const folder = fc
  .array(fc.constantFrom(...DIRECTORIES), { maxLength: 2 })
  .map((names) => names.join("/"));
const inFolder = (name: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(folder, name).map(([at, last]) => (at === "" ? last : `${at}/${last}`));
const pattern = fc
  .tuple(
    fc.boolean(),
    fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 3 }),
    fc.boolean(),
  )
  .map(
    ([anchored, words, directory]) =>
      `${anchored ? "/" : ""}${words.join("/")}${directory ? "/" : ""}`,
  );
const rule = fc.tuple(fc.constantFrom(...SIGNS), pattern).map(([sign, text]) => `${sign} ${text}`);
const merge = fc.constantFrom(...MERGES).map((sign) => `${sign} .rules`);
/** Rules that may stand in a file whose merge rule names a side. */
const plainRule = fc
  .tuple(fc.constantFrom("-", "+", "-p", "-!"), pattern)
  .map(([sign, text]) => `${sign} ${text}`);
const files = (content: string): fc.Arbitrary<Tree> =>
  fc
    .array(inFolder(fc.constantFrom(...FILES)), { maxLength: 14 })
    .map((paths) => Object.fromEntries(paths.map((path) => [path, content])));
const ruleFiles = fc
  .array(
    fc.tuple(
      inFolder(fc.constant(".rules")),
      fc.array(fc.oneof(plainRule, fc.constantFrom("!", "# remark")), { maxLength: 3 }),
    ),
    { maxLength: 3 },
  )
  .map((list): Tree => Object.fromEntries(list.map(([path, lines]) => [path, lines.join("\n")])));
export const tree = (content: string): fc.Arbitrary<Tree> =>
  fc.tuple(files(content), ruleFiles).map(([some, more]) => {
    // A name that is a directory in this tree is no file in it; in the other it may be one.
    const paths = [...Object.entries(some), ...Object.entries(more)];
    return Object.fromEntries(
      paths.filter(([path]) => !paths.some(([other]) => other.startsWith(`${path}/`))),
    );
  });
/** Rules as `--filter` takes them, at times with rule files of directories among them. */
export const rules: fc.Arbitrary<readonly string[]> = fc
  .tuple(fc.array(rule, { maxLength: 4 }), fc.option(merge), fc.array(rule, { maxLength: 3 }))
  .map(([before, middle, after]) => [...before, ...(middle === null ? [] : [middle]), ...after]);
