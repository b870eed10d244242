# SPDX-License-Identifier: BSD-3-Clause
"""Nearest rows under scikit-learn's names: import from here instead of from ``sklearn.metrics``."""

from __future__ import annotations

from crowfly.metrics._argmin import pairwise_distances_argmin, pairwise_distances_argmin_min

__all__ = ["pairwise_distances_argmin", "pairwise_distances_argmin_min"]
