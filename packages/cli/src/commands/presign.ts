import { type Command, Option } from "commander";
import { addDriverFlags } from "../driver-flags.ts";
import { choice, duration } from "../flag-values.ts";
import { examples } from "../help-examples.ts";
import type { Session } from "../session.ts";
import { parseSpot } from "../spots.ts";
import { UsageError } from "../usage-error.ts";

interface PresignFlags {
  readonly method: "GET" | "PUT";
  readonly expires: number;
}

const WEEK = 7 * 86_400_000;
const METHODS = ["GET", "PUT"] as const;

export function addPresignCommand(program: Command, session: Session): void {
  const method = new Option("--method <method>", "What the URL is good for").default("GET");
  const expires = new Option("--expires <duration>", "How long it is good, 1s to 7d");
  const command = program
    .command("presign <location>")
    .summary("print a URL that lets whoever has it read or write one file")
    .description(
      "Prints a signed URL for one file of an object store. Whoever has the URL can do what it is for until it expires: treat it as a secret.",
    )
    .addOption(method.choices(METHODS).argParser(choice("--method", METHODS)))
    .addOption(expires.default(3_600_000, "1h").argParser(duration("--expires")))
    .action((location: string, flags: PresignFlags) => presign(session, location, flags));
  addDriverFlags(command, session);
  examples(command, [
    ["omnisync presign s3://bucket/report.pdf", "a link that works for an hour"],
    [
      "omnisync presign --method PUT --expires 15m s3://bucket/inbox/scan.pdf",
      "let somebody upload",
    ],
  ]);
}

async function presign(session: Session, location: string, flags: PresignFlags): Promise<void> {
  if (flags.expires < 1000 || flags.expires > WEEK) {
    throw new UsageError("--expires: a signed URL is good for 1s to 7d: write 15m, 1h or 7d");
  }
  const spot = parseSpot(location, session);
  if (spot.name === "" || spot.trailingSlash) {
    throw new UsageError(`${spot.text}: is a directory: name a file`);
  }
  const driver = await spot.parent().open(session);
  if (driver.presign === undefined) {
    throw new UsageError(
      `${spot.text}: this store has no signed URLs: use an object store such as s3://`,
    );
  }
  const expiresIn = Math.floor(flags.expires / 1000);
  session.out.line(await driver.presign(spot.name, { method: flags.method, expiresIn }));
}
