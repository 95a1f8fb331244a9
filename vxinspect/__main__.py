"""`python -m vxinspect`."""

import sys

from vxinspect.cli import main

sys.exit(main())
