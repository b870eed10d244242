# SPDX-License-Identifier: BSD-3-Clause
"""The command line's report: training and generalisation, on the user's own table.

A table goes through the modules in this order::

    sources -> tables -> tasks -> embeddings -> selection -> evaluation -> verdicts
                                                      curse (on the same split)
    study (runs all of it) -> terminal, and figures -> html

Nothing here is imported by the rest of crowfly, and only ``cli``, ``options`` and ``errors`` can be imported
without the ``report`` extra.
"""
