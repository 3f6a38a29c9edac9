"""Run the set-up hook of an application."""

from __future__ import annotations

import argparse
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from tropea.cli.commands._target import add_target, add_variables, target_of
from tropea.cli.problems import CommandError
from tropea.cli.terminal import say
from tropea.core.readers import load_object

SUMMARY = "Run the set-up hook of an application: tables, first users, folders."
EXAMPLES = """\
  tropea setup-app development.ini
  tropea setup-app development.ini --hook shop.setup:run

The hook is a function of (app, global_conf, **options), named by --hook, by the option 'setup_app'
of the ini's section, or by the entry point paste.app_install of the section's distribution (there,
an object with setup_app(command, conf, variables) is taken too, as paster had it).
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_target(parser)
    add_variables(parser)
    parser.add_argument("--hook", metavar="package.module:name", help="the function to call")


def run(options: argparse.Namespace) -> int:
    """Set up."""
    from paste.deploy import appconfig

    target = target_of(options)
    path = target.ini()
    app = target.load()
    conf = appconfig(f"config:{path}", name=target.name, global_conf=target.variables or None)
    local = _innermost(conf.context).local_conf  # of a pipeline, the application has the hook
    spec = options.hook or local.get("setup_app")
    if spec:
        load_object(spec)(app, dict(conf.global_conf), **local)
        say(f"ran {spec}")
        return 0
    point = _installer(_innermost(conf.context))
    if point is None:
        raise CommandError(
            "this application has no set-up hook; name one with --hook package.module:name"
        )
    installer = point.load()
    if hasattr(installer, "setup_app"):  # as PasteScript's Installer
        maker = installer(point.dist, "", "main") if isinstance(installer, type) else installer
        maker.setup_app("setup-app", conf, dict(conf.global_conf))
    else:
        installer(app, dict(conf.global_conf), **local)
    say(f"ran {point.value}")
    return 0


def _innermost(context: Any) -> Any:
    while getattr(context, "app_context", None) is not None:
        context = context.app_context
    return context


def _installer(context: Any) -> EntryPoint | None:
    """Find ``paste.app_install`` of the distribution that the application comes from."""
    dist = getattr(getattr(context, "distribution", None), "name", None)
    named = getattr(context, "entry_point_name", None) or "main"
    for point in entry_points(group="paste.app_install"):
        if point.name == named and point.dist is not None and point.dist.name == dist:
            return point
    return None
