# SPDX-License-Identifier: BSD-3-Clause
"""Who is fastest, and who is right: ``python -m bench --help``; docs/design/benchmarks.md says what is measured and how."""
