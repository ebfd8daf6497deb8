// Prints, installs and removes Host blocks.
import { extname, join, resolve } from "node:path";
import type { CommandContext } from "../command/command-context.ts";
import { programWords } from "../command/program-words.ts";
import { quoted } from "../errors/printable.ts";
import { ensurePrivateDirectory } from "../platform/private-directories.ts";
import { changeConfiguration } from "../ssh/configuration-file.ts";
import { hostBlock, withBlock, withoutBlock } from "../ssh/host-block.ts";
import { hostFiles } from "../ssh/host-files.ts";
import { hostKeyPair } from "../ssh/key-pair.ts";
import type { BastionTarget } from "./bastion-target.ts";
import { defaultOsUser } from "./os-user.ts";
import type { SshConfigArguments } from "./ssh-config-arguments.ts";

/**
 * Does what the arguments say; resolves with 0.
 *
 * @throws UserError (64, 65, 66, 73) when a name cannot be a host of ssh's, or a file not be read or written
 */
export function configureSsh(given: SshConfigArguments, context: CommandContext): Promise<number> {
  const hosts = given.targets.map((target) => ({ host: target.word, block: blockOf(target, context) }));
  if (given.action === "print") {
    context.standardStreams.output.write(hosts.map(({ block }) => block).join("\n"));
    return Promise.resolve(0);
  }
  if (given.action === "write") for (const { host } of hosts) makeKeyOf(host, context);
  const file = resolve(context.workingDirectory, given.file ?? join(context.home, ".ssh", "config"));
  const { isChanged, backup } = changeConfiguration(file, (text) =>
    hosts.reduce(
      (changed, { host, block }) =>
        given.action === "write" ? withBlock(changed, host, block) : withoutBlock(changed, host),
      text,
    ),
  );
  const names = hosts.map(({ host }) => quoted(host)).join(", ");
  const done = given.action === "write" ? `has the Host blocks of ${names}` : `has no Host block of ${names}`;
  const before = backup === undefined ? "" : `; as it was: ${quoted(backup)}`;
  context.reporter.say(`${quoted(file)} ${isChanged ? "now" : "already"} ${done}${before}`);
  return Promise.resolve(0);
}

function blockOf(target: BastionTarget, context: CommandContext): string {
  const { aws, directories, programDirectory, settings, process } = context;
  const { platform, execPath } = process;
  const osUser = target.osUser ?? defaultOsUser(settings);
  const profile = aws.profile === undefined ? [] : ["--profile", aws.profile];
  const program = join(programDirectory, `proxy${extname(process.program)}`);
  return hostBlock({
    host: target.word,
    osUser,
    platform,
    files: hostFiles(directories.state, target.word),
    // Whoever uses the block may be anywhere: it says by itself which bastion it means.
    proxyCommand: [
      ...(platform === "win32" ? [execPath, ...programWords(program, programDirectory)] : [program]),
      "--os-user",
      osUser,
      "--region",
      aws.region,
      ...profile,
    ],
  });
}

/** Programs that look at the configuration on their own, as editors do, may want to find the key. */
function makeKeyOf(host: string, { directories, process }: CommandContext): void {
  const { directory, identityFile } = hostFiles(directories.state, host);
  ensurePrivateDirectory(directory, process.userId);
  hostKeyPair(identityFile, process.userId);
}
