"""`python -m slipstream`: the same as the `slipstream` command."""

import sys

from slipstream.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
