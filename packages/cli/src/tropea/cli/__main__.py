"""``python -m tropea.cli`` is the command ``tropea``."""

import sys

from tropea.cli.main import main

sys.exit(main())
