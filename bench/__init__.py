# SPDX-License-Identifier: BSD-3-Clause
"""Speed against other libraries on the same problems: ``python -m bench``."""
