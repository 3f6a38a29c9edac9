"""The command ``tropea``: find the command, read its options, run it, say what went wrong."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from tropea.cli.problems import CommandError
from tropea.cli.registry import Command, all_commands, built_in

if TYPE_CHECKING:  # the overview needs none
    import argparse

DESCRIPTION = (
    "Serve, inspect, check and exercise WSGI applications and their Paste Deploy ini files."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status: 2 for a mistake, 130 after Ctrl-C."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in arguments
    _never_fail_to_write()
    try:
        return _run(arguments)
    except CommandError as error:
        if debug:
            raise
        _complain(str(error))
        return error.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # whoever read us has gone: nothing to say and nobody to say it to
        return 141
    except Exception as error:
        if debug:
            raise
        from tropea.core.errors import TropeaError

        text = str(error) if isinstance(error, TropeaError) else f"{type(error).__name__}: {error}"
        _complain(f"{text}" if isinstance(error, TropeaError) else f"{text} (--debug shows where)")
        return 2


class _Own(NamedTuple):
    """What stands before the command's name."""

    version: bool
    plugins: tuple[str, ...]


def _run(arguments: list[str]) -> int:
    own, rest = _split(arguments)
    if own.version:
        from importlib.metadata import version

        print(f"tropea-cli {version('tropea-cli')}, Python {sys.version.split()[0]}")  # noqa: T201
        return 0
    if not rest or rest[0] in {"-h", "--help"} or rest == ["help"]:
        print(overview(all_commands(own.plugins)))  # noqa: T201
        return 0
    if rest[0] == "help":
        if rest[1] == "help":
            print(overview(all_commands(own.plugins)))  # noqa: T201
            return 0
        rest = [rest[1], "--help"]
    command = find(rest[0], own.plugins)
    module = command.load()
    parser = make_parser(command, module)
    parsed = parser.parse_args(rest[1:])
    return module.run(parsed) or 0


def _split(arguments: list[str]) -> tuple[_Own, list[str]]:
    """Take our own options from before the command's name, and ``--debug`` from anywhere."""
    version, plugins = False, []
    rest = [argument for argument in arguments if argument != "--debug"]
    while rest and rest[0].startswith("--") and rest[0] != "--help":
        option, equals, value = rest.pop(0).partition("=")
        if option == "--version":
            version = True
        elif option == "--plugin" and (equals or rest):
            plugins.append(value if equals else rest.pop(0))
        elif option == "--plugin":
            raise CommandError("--plugin: expected the name of a distribution after it")
        else:
            raise CommandError(f"there is no option {option}: see tropea --help")
    return _Own(version, tuple(plugins)), rest


def find(name: str, plugins: tuple[str, ...] = ()) -> Command:
    """Return the command *name*; raise CommandError naming the nearest one."""
    ours = built_in().get(name)
    if ours is not None and not plugins:
        return ours  # without asking every installed distribution
    commands = all_commands(plugins)
    if name not in commands:
        from difflib import get_close_matches

        near = get_close_matches(name, commands, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "tropea --help lists them"
        raise CommandError(f"there is no command {name!r}; {hint}")
    return commands[name]


def make_parser(command: Command, module: Any) -> argparse.ArgumentParser:
    """Make the parser of one command; raise CommandError where *module* is no command."""
    import argparse

    if not callable(getattr(module, "configure", None)) or not callable(
        getattr(module, "run", None)
    ):
        raise CommandError(
            f"{command.name!r} ({command.group}) is no command: it needs "
            "configure(parser) and run(options)"
        )
    examples = getattr(module, "EXAMPLES", "")
    parser = argparse.ArgumentParser(
        prog=f"tropea {command.name}",
        description=getattr(module, "SUMMARY", command.summary),
        epilog=f"examples:\n{examples}" if examples else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.configure(parser)
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    return parser


def overview(commands: dict[str, Command]) -> str:
    """Write the help: our commands, then those of each distribution and of the project apart."""
    from tropea.cli.terminal import cut, paint

    lines = ["usage: tropea [--version] [--plugin NAME] [--debug] COMMAND …", "", DESCRIPTION]
    groups = dict.fromkeys(command.group for command in commands.values())
    longest = max(map(len, commands))
    for group in groups:
        lines += ["", paint(f"{group or 'commands'}:", "bold")]
        members = sorted((c for c in commands.values() if c.group == group), key=lambda c: c.name)
        lines += [cut(f"  {c.name:<{longest}}  {c.summary}") for c in members]
    return "\n".join([*lines, "", "tropea help COMMAND says more."])


def _never_fail_to_write() -> None:
    """Spell out what an old console cannot show."""
    from tropea.cli.terminal import spell_out

    for stream in (sys.stdout, sys.stderr):
        spell_out(stream)


def _complain(text: str) -> None:
    from tropea.cli.terminal import paint, tell, visible

    tell(f"{paint('tropea:', 'red', sys.stderr)} {visible(text)}")


if __name__ == "__main__":
    sys.exit(main())
