import { HASH_NAMES, type HashName } from "@omnisync/storage";
import type { Command } from "commander";
import { Argument } from "commander";
import { addDriverFlags } from "../driver-flags.ts";
import { EXIT } from "../exit-codes.ts";
import { choice } from "../flag-values.ts";
import { examples } from "../help-examples.ts";
import { errorJson, failureText, summaryJson } from "../output/error-text.ts";
import {
  type SelectionFlags,
  addFilterFlags,
  openPlace,
  selectionFilter,
} from "../selection-flags.ts";
import type { Session } from "../session.ts";

interface HashsumFlags extends SelectionFlags {
  readonly download?: boolean;
  readonly tag?: boolean;
}

export function addHashsumCommand(program: Command, session: Session): void {
  const command = program
    .command("hashsum")
    .addArgument(
      new Argument("<hash>", HASH_NAMES.join(", ")).argParser(choice("<hash>", HASH_NAMES)),
    )
    .argument("<location>")
    .summary("print checksums, as sha256sum does")
    .description(
      "Prints the checksum of every file of a place, in order, in the form of md5sum, sha256sum and b3sum, which read it back, as verify --sums does. Paths are relative to the location. Asks the store for a hash that it knows, and reads the file where it knows none. Links are left out.",
    )
    .action((name: HashName, location: string, flags: HashsumFlags) =>
      hashsum(session, name, location, flags),
    );
  command
    .optionsGroup("What to do:")
    .option("--download", "Read every file, also where the store knows the hash")
    .option("--tag", "Lines of the form SHA256 (path) = hash");
  addFilterFlags(command, ["quiet", "verbose"]);
  addDriverFlags(command, session);
  examples(command, [
    ["omnisync hashsum sha256 photos/ > SUMS", "note the content of a directory"],
    ["cd photos && sha256sum -c ../SUMS", "check it with other tools"],
    ["omnisync hashsum md5 s3://bucket/photos", "without reading what S3 knows"],
  ]);
}

async function hashsum(
  session: Session,
  name: HashName,
  location: string,
  flags: HashsumFlags,
): Promise<void> {
  const filter = await selectionFilter(session, flags);
  const { formatSum, hashPlace } = await import("@omnisync/sync");
  const { place } = await openPlace(session, location);
  const total = { files: 0, bytes: 0, failed: 0 };
  const sums = hashPlace(place, name, {
    filter,
    download: flags.download,
    jobs: flags.jobs,
    signal: session.signal,
    onProblem: (problem, path) => {
      session.complain(failureText(path, problem));
      if (flags.json) session.out.json({ kind: "failed", path, error: errorJson(problem) });
      session.exitCode = EXIT.someFailed;
      total.failed++;
    },
  });
  try {
    for await (const sum of sums) {
      const { path, hash, size } = sum;
      total.files++;
      total.bytes += size;
      if (flags.json) session.out.json({ kind: "sum", path, size, [name]: hash });
      else session.out.line(formatSum(sum, flags.tag));
    }
  } catch (error) {
    if (flags.json) session.out.json(summaryJson(total, error));
    throw error;
  }
  if (flags.json) session.out.json(summaryJson(total));
}
