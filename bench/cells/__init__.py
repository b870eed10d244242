# SPDX-License-Identifier: BSD-3-Clause
"""Cells: which there are (plan), running them one by one in child processes (driver, child, journal, estimate), and what a child does (prepare, cell, timing, memory, store)."""
