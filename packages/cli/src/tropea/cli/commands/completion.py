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


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


def run(options: argparse.Namespace) -> int:
    """Print."""
    from tropea.cli.completing import WRITERS, completions

    say(WRITERS[options.shell](completions(all_commands().values())))
    return 0
