# SPDX-License-Identifier: BSD-3-Clause
"""Sphinx configuration.

Sphinx, because its autodoc reads the docstrings of a compiled package's Python layer as they are; MyST, because every page here is
Markdown; furo, because it needs no configuration. No intersphinx: the build works without a network.
"""

from __future__ import annotations

import crowfly

project = "crowfly"
author = "crowfly developers"
project_copyright = "2026, crowfly developers"
version = release = crowfly.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

napoleon_google_docstring = False
napoleon_use_rtype = False
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
# A trailing underscore is a link in reStructuredText, and shapes are given in terms of this attribute.
napoleon_preprocess_types = True
napoleon_type_aliases = {"n_features_in_": "``n_features_in_``"}
