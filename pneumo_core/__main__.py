"""`python -m pneumo_core`: see `pneumo_core.cli`."""

import sys

from pneumo_core.cli import main

if __name__ == "__main__":
    sys.exit(main())
