import type { ProviderProfile } from "@omnisync/storage/s3";
import type { Command } from "commander";
import { examples } from "../help-examples.ts";
import type { Session } from "../session.ts";

interface ProvidersFlags {
  readonly json?: boolean;
}

export function addProvidersCommand(program: Command, session: Session): void {
  const command = program
    .command("providers")
    .summary("list the S3 providers that are known by name")
    .description("Lists the providers that --s3-provider takes, with their endpoints.")
    .option("--json", "One JSON line per provider")
    .action((flags: ProvidersFlags) => providers(session, flags));
  examples(command, [
    ["omnisync providers", "a table"],
    ["omnisync ls --s3-provider wasabi --s3-region eu-central-1 s3://bucket", "use one"],
  ]);
}

async function providers(session: Session, flags: ProvidersFlags): Promise<void> {
  const { s3Providers } = await import("@omnisync/storage/s3");
  const profiles = await s3Providers();
  if (flags.json) for (const profile of profiles) session.out.json(profile);
  else for (const line of table(profiles)) session.out.line(line);
}

function table(profiles: readonly ProviderProfile[]): readonly string[] {
  const rows = [
    ["NAME", "PROVIDER", "ENDPOINT"],
    ...profiles.map(({ name, label, endpoint }) => [name, label, endpoint ?? "give --s3-endpoint"]),
  ];
  const width = (column: number): number =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const widths = [width(0), width(1)];
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
