# SPDX-License-Identifier: BSD-3-Clause
"""The one exception of the report."""


class ReportError(Exception):
    """Input that no report can be made from; its text is the one line which the user reads."""
