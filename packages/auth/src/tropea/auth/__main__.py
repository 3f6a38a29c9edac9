"""``python -m tropea.auth htdigest``: keep passwords for Digest."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Sequence
from pathlib import Path

from tropea.auth.passwordmap import PasswordError, PasswordMap

EXAMPLES = """\
examples:
  python -m tropea.auth htdigest --create users.digest Kitchen ann
  python -m tropea.auth htdigest users.digest Kitchen bob < password.txt
  python -m tropea.auth htdigest --delete users.digest Kitchen bob
  python -m tropea.auth htdigest --verify users.digest Kitchen ann
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0, 1 for a wrong password, 2 for a mistake."""
    options = _parser().parse_args(arguments)
    passwords = PasswordMap(options.file)
    try:
        if not options.create or Path(options.file).exists():
            passwords.load()
        return _carry_out(options, passwords)
    except FileNotFoundError:
        return _say(f"{options.file}: there is no such file; --create makes it", 2)
    except (PasswordError, OSError) as error:
        return _say(str(error), 2)


def _carry_out(options: argparse.Namespace, passwords: PasswordMap) -> int:
    realm, user = options.realm, options.user
    if options.delete:
        if not passwords.delete(realm, user):
            return _say(f"{options.file}: {user!r} is not in {realm!r}", 2)
    elif options.verify:
        is_right = passwords.verify(realm, user, _ask("Password: "))
        return _say("The password is right." if is_right else "It is not.", 0 if is_right else 1)
    else:
        password = _ask("New password: ", again=True)
        if not password:
            return _say("an empty password is none", 2)
        passwords.set(realm, user, password)
    passwords.write()
    return 0


def _ask(prompt: str, *, again: bool = False) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass(prompt)
    if again and getpass.getpass("Once more: ") != password:
        raise PasswordError("the two are not the same")
    return password


def _say(text: str, status: int) -> int:
    print(text, file=sys.stderr if status == 2 else sys.stdout)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tropea.auth", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser(
        "htdigest",
        help="create a file, set, delete or verify a password",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    action = command.add_mutually_exclusive_group()
    action.add_argument(
        "-c", "--create", action="store_true", help="make the file if it is missing"
    )
    action.add_argument("-d", "--delete", action="store_true", help="forget the user")
    action.add_argument("-v", "--verify", action="store_true", help="check a password")
    command.add_argument("file")
    command.add_argument("realm")
    command.add_argument("user")
    return parser


if __name__ == "__main__":
    sys.exit(main())
