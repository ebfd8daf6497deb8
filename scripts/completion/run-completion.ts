// What completion.ts does: prints the script that a shell reads at its start, and answers what it asks at Tab.
import type { LocalContext } from "../command/command-context.ts";
import { RememberedNames } from "../command/remembered-names.ts";
import { ExitCode } from "../errors/exit-code.ts";
import { runningTunnels } from "../tunnel/running-tunnels.ts";
import { type NamesOf, completeWords } from "./complete-words.ts";
import type { CompletionArguments } from "./completion-arguments.ts";
import { shellScript } from "./shell-scripts.ts";

/** Resolves with 0. AWS is not asked. */
export async function runCompletion(given: CompletionArguments, context: LocalContext): Promise<number> {
  const { output } = context.standardStreams;
  if (given.action === "print") output.write(shellScript(given.shell, context.process.program));
  else {
    const words = completeWords(given.words, await knownNames(context));
    output.write(words.map((word) => `${word}\n`).join(""));
  }
  return ExitCode.Success;
}

async function knownNames(context: LocalContext): Promise<NamesOf> {
  const { settings, directories, process } = context;
  const remembered = new RememberedNames(directories.state, process.userId);
  const tunnels = await runningTunnels(context);
  return (kind) => {
    switch (kind) {
      case "target":
        return settings.targets.map(({ name }) => name);
      case "tunnel":
        return tunnels.map(({ name }) => name);
      case "bastion":
        return [...new Set([...remembered.of(kind), settings.bastionName ?? ""])];
      case "rds":
      case "cache":
        return remembered.of(kind);
    }
  };
}
