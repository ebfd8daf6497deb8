// The scripts by which bash, zsh and fish complete: each hands the words to completion.ts, and takes lines for an answer.
//
// A candidate is never evaluated: the shell itself quotes it when it writes it into the command line.
import { PACKAGE_COMMAND } from "./complete-words.ts";
import { completedCommands } from "./completed-commands.ts";
import type { Shell } from "./completion-arguments.ts";
import { shellQuote } from "../ssh/shell-quote.ts";

/**
 * The script for a shell to read.
 *
 * @param program - absolute path of completion.ts
 */
export function shellScript(shell: Shell, program: string): string {
  const commands = [...Object.keys(completedCommands).map((name) => `${name}.ts`), PACKAGE_COMMAND];
  switch (shell) {
    case "bash":
      return bashScript(shellQuote(program), commands);
    case "zsh":
      return zshScript(shellQuote(program), commands);
    case "fish":
      return fishScript(fishQuote(program), commands);
  }
}

/** Works with the bash 3.2 of macOS, which knows neither mapfile nor compopt. */
function bashScript(program: string, commands: readonly string[]): string {
  return `_isolated_bastion() {
  local -a words
  local last typed breaks kept= candidate
  # Without -r, read takes backslashes as the shell does; the x keeps a blank at the end.
  read -a words <<<"\${COMP_LINE:0:COMP_POINT}x"
  last=$((\${#words[@]} - 1))
  typed=\${words[last]%x}
  words[last]=$typed
  # What bash replaces begins behind the last of these, if it breaks words there; with @ itself.
  breaks=\${COMP_WORDBREAKS//[!=:@]/}
  [ -z "$breaks" ] || kept=\${typed%"\${typed##*[$breaks]}"}
  kept=\${kept%@}
  COMPREPLY=()
  while IFS= read -r candidate; do
    case $candidate in *:) type compopt >/dev/null 2>&1 && compopt -o nospace ;; esac
    printf -v candidate %q "\${candidate#"$kept"}"
    COMPREPLY+=("$candidate")
  done < <(${program} -- "\${words[@]}" 2>/dev/null </dev/null)
}
complete -o bashdefault -o default -F _isolated_bastion ${commands.join(" ")}
`;
}

function zshScript(program: string, commands: readonly string[]): string {
  return `#compdef ${commands.join(" ")}
_isolated_bastion() {
  local -a candidates
  candidates=("\${(@f)$(${program} -- "\${(@Q)words[1,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null </dev/null)}")
  candidates=("\${(@)candidates:#}")
  if (( $#candidates )); then
    compadd -S '' -- "\${(@M)candidates:#*:}"
    compadd -- "\${(@)candidates:#*:}"
  else
    _files
  fi
}
compdef _isolated_bastion ${commands.join(" ")}
`;
}

function fishScript(program: string, commands: readonly string[]): string {
  return `function __isolated_bastion
    set -l typed (string unescape -- (commandline -ct)); or set typed (commandline -ct)
    set -l candidates (${program} -- (commandline -opc) "$typed" 2>/dev/null </dev/null)
    if set -q candidates[1]
        printf '%s\\n' $candidates
    else
        __fish_complete_path "$typed"
    end
end
${commands.map((name) => `complete -c ${name} -f -a '(__isolated_bastion)'`).join("\n")}
`;
}

/** In single quotes, where fish, unlike other shells, takes a backslash for one before a quote or another one. */
function fishQuote(word: string): string {
  return `'${word.replace(/[\\']/g, "\\$&")}'`;
}
