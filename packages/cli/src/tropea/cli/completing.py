"""Write completions for shells: what there is to complete, and each shell's way to say it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from tropea.cli.main import make_parser
from tropea.cli.problems import CommandError
from tropea.cli.registry import Command


class Completed(NamedTuple):
    """What can follow a command's name.

    options: pairs of an option and what it does; words: what a positional argument may be;
    files: a pattern for the names of files, or "" for none.
    """

    name: str
    summary: str
    options: tuple[tuple[str, str], ...]
    words: tuple[str, ...]
    files: str


OWN = (
    ("--help", "list the commands"),
    ("--version", "print the version"),
    ("--plugin", "use the commands of a distribution"),
    ("--debug", "show tracebacks"),
)


def completions(commands: Iterable[Command]) -> list[Completed]:
    """Read what can follow each command from its parser; one that cannot be loaded has nothing."""
    found = sorted(map(_completed, commands), key=lambda command: command.name)
    names = tuple(command.name for command in found)
    return [*found, Completed("help", "say more about a command", (), names, "")]


def _completed(command: Command) -> Completed:
    try:
        parser = make_parser(command, command.load())
    except CommandError:
        return Completed(command.name, command.summary, (), (), "")
    options: list[tuple[str, str]] = []
    words: tuple[str, ...] = ()
    files = ""
    for action in parser._actions:  # noqa: SLF001  argparse offers no other way to ask
        told = "" if action.help in (None, argparse.SUPPRESS) else str(action.help)
        options += [(option, _line(told)) for option in action.option_strings]
        if not action.option_strings and action.choices:
            words = tuple(map(str, action.choices))
        elif action.dest == "target":
            files = "*.ini"
        elif action.dest in {"file", "folder"} and not files:
            files = "*"
    return Completed(command.name, command.summary, tuple(options), words, files)


def _line(text: str) -> str:
    return " ".join(text.replace("%%", "%").split())


def for_bash(commands: list[Completed]) -> str:
    """Write a bash function."""
    names = " ".join(command.name for command in commands)
    cases = []
    for command in commands:
        options = " ".join(option for option, _ in command.options)
        if command.words:
            rest = f'COMPREPLY=($(compgen -W "{" ".join(command.words)}" -- "$word"))'
        elif command.files == "*":
            rest = 'COMPREPLY=($(compgen -f -- "$word"))'
        elif command.files:
            rest = (
                f"COMPREPLY=($(compgen -f -X '!{command.files}' -- \"$word\") "
                '$(compgen -d -- "$word"))'
            )
        else:
            rest = "COMPREPLY=()"
        cases.append(
            f'    {command.name}) if [[ $word == -* ]]; then COMPREPLY=($(compgen -W "{options}" '
            f'-- "$word")); else {rest}; fi;;'
        )
    own = " ".join(option for option, _ in OWN)
    return _BASH.replace("NAMES", f"{names} {own}").replace("CASES", "\n".join(cases))


_BASH = """\
_tropea() {
  local word="${COMP_WORDS[COMP_CWORD]}" command="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "${COMP_WORDS[i]}" in
      --plugin) ((i++));;
      -*) ;;
      *) command="${COMP_WORDS[i]}"; break;;
    esac
  done
  case "$command" in
    "") COMPREPLY=($(compgen -W "NAMES" -- "$word"));;
CASES
  esac
}
complete -o filenames -F _tropea tropea"""


def for_zsh(commands: list[Completed]) -> str:
    """Write a zsh function."""
    names = " ".join(_described(command.name, command.summary) for command in commands)
    cases = []
    for command in commands:
        options = " ".join(_described(option, told) for option, told in command.options)
        words = " ".join(map(_quoted, command.words))
        rest = f"compadd -- {words}" if words else ":"
        if command.files:
            rest = "_files" if command.files == "*" else f"_files -g {_quoted(command.files)}"
        cases.append(
            f"    {command.name})\n      if [[ $PREFIX == -* ]]; then\n"
            f"        local -a options=({options})\n"
            f"        _describe -o option options\n      else\n        {rest}\n      fi;;"
        )
    own = " ".join(_described(option, told) for option, told in OWN)
    return _ZSH.replace("NAMES", names).replace("OPTIONS", own).replace("CASES", "\n".join(cases))


def _described(name: str, told: str) -> str:
    return _quoted(f"{name}:{told}".replace(":", r"\:").replace(r"\:", ":", 1))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


_ZSH = """\
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
_tropea() {
  local -i i
  local command=""
  for ((i = 2; i < CURRENT; i++)); do
    case "$words[i]" in
      --plugin) ((i++));;
      -*) ;;
      *) command="$words[i]"; break;;
    esac
  done
  case "$command" in
    "")
      local -a names=(NAMES) options=(OPTIONS)
      if [[ $PREFIX == -* ]]; then _describe -o option options; else _describe command names; fi;;
CASES
  esac
}
compdef _tropea tropea"""


def for_fish(commands: list[Completed]) -> str:
    """Write lines for fish."""
    return "\n".join(_fish_lines(commands))


def _fish_lines(commands: list[Completed]) -> Iterator[str]:
    yield "complete -c tropea -f"
    for option, told in OWN:
        condition = "-n __fish_use_subcommand"
        yield f"complete -c tropea {condition} -l {option[2:]} -d {_fish(told)}"
    for command in commands:
        name, told = command.name, _fish(command.summary)
        yield f"complete -c tropea -n __fish_use_subcommand -a {name} -d {told}"
        condition = f"-n '__fish_seen_subcommand_from {name}'"
        for option, meaning in command.options:
            kind = f"-l {option[2:]}" if option.startswith("--") else f"-s {option[1:]}"
            yield f"complete -c tropea {condition} {kind} -d {_fish(meaning)}"
        if command.words:
            yield f"complete -c tropea {condition} -a {_fish(' '.join(command.words))}"
        elif command.files == "*":
            yield f"complete -c tropea {condition} -F"
        elif command.files:
            names = f"for f in (commandline -ct){command.files}; echo $f; end"
            yield f"complete -c tropea {condition} -a '({names}; __fish_complete_directories)'"


def _fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


WRITERS: dict[str, Callable[[list[Completed]], str]] = {
    "bash": for_bash,
    "zsh": for_zsh,
    "fish": for_fish,
}
