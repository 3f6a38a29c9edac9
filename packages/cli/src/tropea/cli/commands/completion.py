"""Print completions for a shell."""

from __future__ import annotations

import argparse

from tropea.cli.registry import all_commands
from tropea.cli.terminal import say

SUMMARY = "Print the completions for a shell; its start-up file evaluates them."
EXAMPLES = """\
  eval "$(tropea completion bash)"          # in ~/.bashrc
  eval "$(tropea completion zsh)"           # in ~/.zshrc
  tropea completion fish | source           # in ~/.config/fish/config.fish
"""
SHELLS = ("bash", "zsh", "fish")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("shell", choices=SHELLS)


def run(options: argparse.Namespace) -> int:
    """Print."""
    commands = all_commands()
    names = " ".join(sorted([*commands, "help"]))
    if options.shell == "fish":
        lines = ["complete -c tropea -f -n __fish_use_subcommand -a help"]
        for command in sorted(commands.values(), key=lambda c: c.name):
            text = command.summary.replace("'", "\\'")
            lines.append(
                f"complete -c tropea -f -n __fish_use_subcommand -a {command.name} -d '{text}'"
            )
        say("\n".join(lines))
        return 0
    start = "autoload -U +X bashcompinit && bashcompinit\n" if options.shell == "zsh" else ""
    say(start + _BASH.replace("NAMES", names))
    return 0


_BASH = """\
_tropea() {
  local word="${COMP_WORDS[COMP_CWORD]}"
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "NAMES --help --version --plugin" -- "$word"))
  else
    COMPREPLY=($(compgen -f -X '!*.ini' -- "$word") $(compgen -d -- "$word"))
  fi
}
complete -o filenames -F _tropea tropea"""
