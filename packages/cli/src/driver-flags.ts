/** The flags that drivers declare for themselves, such as `--s3-endpoint`. */
import { type OptionDescriptor, driverDefinitions, flagName } from "@omnisync/storage";
import { type Command, Option } from "commander";
import { driverOption } from "./flag-values.ts";
import type { Session } from "./session.ts";

/** Adds every driver's flags to a command that opens locations; their values go to the session. */
export function addDriverFlags(command: Command, session: Session): Command {
  for (const { name, options } of driverDefinitions()) {
    for (const option of options) {
      if (option.flag) command.addOption(driverFlag(session, name, option));
    }
  }
  return command;
}

function driverFlag(session: Session, driver: string, option: OptionDescriptor): Option {
  const name = flagName(driver, option);
  const placeholder = option.type === "boolean" ? "" : ` <${option.type}>`;
  const parse = driverOption(name, option);
  const flag = new Option(`${name}${placeholder}`, firstSentence(option.help))
    .helpGroup(`Options of ${driver} locations:`)
    .preset("true")
    .argParser((text: string) => {
      const flags = (session.driverFlags[driver] ??= {});
      flags[option.name] = parse(text);
    });
  if (option.choices !== undefined) flag.argChoices = [...option.choices];
  return flag;
}

function firstSentence(help: string): string {
  return /^.*?[.](?=\s|$)/s.exec(help)?.[0].slice(0, -1) ?? help;
}
