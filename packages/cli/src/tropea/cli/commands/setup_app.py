"""Run the set-up hook of an application."""

from __future__ import annotations

import argparse
import importlib
from importlib.metadata import entry_points
from typing import Any

from tropea.cli.commands._target import add_target, add_variables, target_of
from tropea.cli.problems import CommandError
from tropea.cli.terminal import say
from tropea.core.readers import load_object

SUMMARY = "Run the set-up hook of an application: tables, first users, folders."
EXAMPLES = """\
  tropea setup-app development.ini
  tropea setup-app development.ini --hook shop.setup:run

The hook is a function of (app, global_conf, **options), named by --hook, or in the ini:

  [tropea]
  setup_app = shop.setup:run

or by the entry point paste.app_install of the distribution that the application comes from.  As
with paster, an object with setup_app(command, conf, variables) is taken there, and so is the
module websetup of the application's package.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_target(parser)
    add_variables(parser)
    parser.add_argument("--hook", metavar="package.module:name", help="the function to call")


def run(options: argparse.Namespace) -> int:
    """Set up."""
    target = target_of(options)
    conf = target.config()
    context = _innermost(conf.context)  # of a pipeline, the application has the hook
    spec = options.hook or target.own().get("setup_app")
    app = target.load()
    if spec:
        load_object(spec)(app, dict(conf.global_conf), **context.local_conf)
        say(f"ran {spec}")
        return 0
    found = _installer(context) or _websetup(context)
    if found is None:
        others = [name for name in target.applications() if name != target.name]
        hint = f", or another application of this file with --app-name: {', '.join(others)}"
        raise CommandError(
            f"{target.name} has no set-up hook: name one with --hook package.module:name"
            f"{hint if others else ''}"
        )
    name, hook = found
    if hasattr(hook, "setup_app"):  # a module or an installer of paster's time
        hook.setup_app("setup-app", conf, dict(conf.global_conf))
    else:
        hook(app, dict(conf.global_conf), **context.local_conf)
    say(f"ran {name}")
    return 0


def _innermost(context: Any) -> Any:
    while True:
        inner = getattr(context, "app_context", None) or getattr(context, "next_context", None)
        if inner is None:
            return context
        context = inner


def _installer(context: Any) -> tuple[str, Any] | None:
    """Find ``paste.app_install`` of the distribution that the application comes from."""
    dist = getattr(getattr(context, "distribution", None), "name", None)
    named = getattr(context, "entry_point_name", None) or "main"
    for point in entry_points(group="paste.app_install"):
        if point.name == named and point.dist is not None and point.dist.name == dist:
            hook = point.load()
            is_maker = isinstance(hook, type) and hasattr(hook, "setup_app")
            return point.value, hook(point.dist, "paste.app_factory", named) if is_maker else hook
    return None


def _websetup(context: Any) -> tuple[str, Any] | None:
    """Find the module ``websetup`` beside the factory, where projects of Pylons have their hook."""
    package = getattr(context.object, "__module__", "")
    while package:
        name = f"{package}.websetup"
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name not in {name, package}:
                raise
        else:
            return (name, module) if hasattr(module, "setup_app") else None
        package = package.rpartition(".")[0]
    return None
