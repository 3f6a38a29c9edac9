"""Check that an environment holds exactly the named distributions of ours, from wheels.

    python tools/alone.py tropea-core tropea-sessions
"""

import sys
from importlib.metadata import distributions
from pathlib import Path

expected = set(sys.argv[1:])
held = {
    name
    for d in distributions()
    if (name := (d.metadata["Name"] or "").lower()).startswith("tropea")
}
if held != expected:
    sys.exit(f"this environment holds {sorted(held)} of ours, and should hold {sorted(expected)}")

import tropea  # noqa: E402

for place in tropea.__path__:
    modules = {f"tropea-{entry.name}" for entry in Path(place).iterdir() if entry.name[0] != "_"}
    if "site-packages" not in Path(place).parts or modules != expected:
        sys.exit(f"{place} holds {sorted(modules)}, and should hold {sorted(expected)}")
