# SPDX-License-Identifier: BSD-3-Clause
"""``python -m bench``."""

import sys

from bench.cli import main

sys.exit(main(sys.argv[1:]))
