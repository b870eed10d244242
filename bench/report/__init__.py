# SPDX-License-Identifier: BSD-3-Clause
"""From results to pages: the HTML page and the Markdown tables.

What is computed and what is only shown are kept apart::

    rows, summary, growth (pure functions over a Run) -> formatting, wording, figures -> page, markdown -> options

`main` is all that the rest of the suite calls. crowfly itself is not imported: results of any version can be shown.
"""

from bench.report.options import main

__all__ = ["main"]
