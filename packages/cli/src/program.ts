/** The tree of commands. Declares only: what a command needs is loaded when it runs. */
import { type Argument, Command } from "commander";
import { addApplyCommand } from "./commands/apply.ts";
import { addCatCommand } from "./commands/cat.ts";
import { addCheckCommand } from "./commands/check.ts";
import { addCompletionCommand } from "./commands/completion.ts";
import { addCopyCommand } from "./commands/copy.ts";
import { addCpCommand } from "./commands/cp.ts";
import { addDedupeCommand } from "./commands/dedupe.ts";
import { addDeltaCommand } from "./commands/delta.ts";
import { addDiffCommand } from "./commands/diff.ts";
import { addDuCommand } from "./commands/du.ts";
import { addHashsumCommand } from "./commands/hashsum.ts";
import { addExplainCommand } from "./commands/explain.ts";
import { addHelpCommand } from "./commands/help.ts";
import { addLsCommand } from "./commands/ls.ts";
import { addMkdirCommand } from "./commands/mkdir.ts";
import { addMoveCommand } from "./commands/move.ts";
import { addMvCommand } from "./commands/mv.ts";
import { addPlanCommand } from "./commands/plan.ts";
import { addPresignCommand } from "./commands/presign.ts";
import { addProvidersCommand } from "./commands/providers.ts";
import { addResumeCommand } from "./commands/resume.ts";
import { addRsyncCommand } from "./commands/rsync.ts";
import { addRmCommand } from "./commands/rm.ts";
import { addSignCommand } from "./commands/sign.ts";
import { addStatCommand } from "./commands/stat.ts";
import { addSyncCommand } from "./commands/sync.ts";
import { addTrashCommand } from "./commands/trash.ts";
import { addTreeCommand } from "./commands/tree.ts";
import { addVerifyCommand } from "./commands/verify.ts";
import { addVersionCommand } from "./commands/version.ts";
import { examples } from "./help-examples.ts";
import type { Session } from "./session.ts";
import { versionText } from "./version.ts";

const WIDTH = 100;

/** How each command is added to the program, under the heading of its group, in the order of the help. */
const COMMANDS: Readonly<
  Record<string, Readonly<Record<string, (program: Command, session: Session) => void>>>
> = {
  "Keep places in sync:": {
    sync: addSyncCommand,
    copy: addCopyCommand,
    move: addMoveCommand,
    rsync: addRsyncCommand,
    check: addCheckCommand,
    diff: addDiffCommand,
    explain: addExplainCommand,
    delta: addDeltaCommand,
    plan: addPlanCommand,
    apply: addApplyCommand,
  },
  "Look at a place:": {
    ls: addLsCommand,
    tree: addTreeCommand,
    stat: addStatCommand,
    cat: addCatCommand,
    du: addDuCommand,
    hashsum: addHashsumCommand,
    verify: addVerifyCommand,
  },
  "Change a place:": {
    cp: addCpCommand,
    mv: addMvCommand,
    rm: addRmCommand,
    mkdir: addMkdirCommand,
    dedupe: addDedupeCommand,
    presign: addPresignCommand,
    sign: addSignCommand,
    resume: addResumeCommand,
    trash: addTrashCommand,
  },
  "About omnisync:": {
    providers: addProvidersCommand,
    completion: addCompletionCommand,
    version: addVersionCommand,
    help: addHelpCommand,
  },
};

/** They speak of the other commands. */
const NEED_ALL: readonly string[] = ["completion", "help"];

/**
 * The parser of a command line. One that begins with a command gets that command only, and one without
 * any option no flags of drivers: building all of them costs more than the rest of the parser. Default: all.
 */
export function buildProgram(session: Session, argv: readonly string[] = []): Command {
  const program = createProgram(session);
  const [first = ""] = argv;
  const known = Object.values(COMMANDS).some((group) => Object.hasOwn(group, first));
  const all = !known || NEED_ALL.includes(first);
  const isWanted = (name: string): boolean => all || name === first;
  session.argv = argv;
  session.driverFlagsWanted = all || argv.some((word) => word.startsWith("-"));
  for (const [heading, group] of Object.entries(COMMANDS)) {
    program.commandsGroup(heading);
    for (const [name, add] of Object.entries(group)) if (isWanted(name)) add(program, session);
  }
  return program;
}

function createProgram(session: Session): Command {
  const program = new Command("omnisync")
    .description(
      "Makes one place hold what another holds, local disks and S3 storage alike, fast, and without ever losing a file on the way.",
    )
    .usage("<command> [options]")
    .helpOption("-h, --help", "Show help")
    .version(versionText(["--version"]), "-V, --version", "Show the version")
    .exitOverride()
    .configureHelp({ helpWidth: WIDTH, subcommandTerm })
    .configureOutput({
      writeOut: (text) => session.out.line(text.trimEnd()),
      writeErr: (text) => session.note(text.trimEnd()),
      outputError: () => {},
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  program.option("--no-color", "Do not use colours");
  program.on("option:no-color", () => {
    session.color = false;
  });
  program.addHelpText("after", LOCATIONS);
  examples(program, [
    ["omnisync sync ~/photos s3://bucket/photos", "upload what is new or changed"],
    ["omnisync sync --delete --dry-run site/ s3://bucket", "what would be removed?"],
    ["omnisync check ~/photos/ s3://bucket/photos/", "is it all there?"],
  ]);
  return program;
}

/** `sync <source> <destination>`: that there are options goes without saying. */
function subcommandTerm(command: Command): string {
  return [command.name(), ...command.registeredArguments.map(argumentTerm)].join(" ");
}

function argumentTerm(argument: Argument): string {
  const text = `${argument.name()}${argument.variadic ? "..." : ""}`;
  return argument.required ? `<${text}>` : `[${text}]`;
}

const LOCATIONS = `
Locations:
  /abs, ./rel, name, ~/x     a local file or directory
  file:///abs/path           the same, as a URL
  s3://bucket/path           an object or a prefix in an S3 bucket
  A slash at the end of a source means what is in it; without one the directory itself goes
  under the destination. A destination that ends in a slash is a directory.

Exit codes:
  0 all done · 1 some items failed, each is listed · 2 usage · 3 not found
  4 conflict or precondition · 130 interrupted`;
