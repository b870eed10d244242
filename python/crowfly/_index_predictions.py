# SPDX-License-Identifier: BSD-3-Clause
"""What an index makes of its neighbours: votes, means, leave-one-out accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowfly._labels import Labels, as_labels
from crowfly._predictions import Poll, as_targets, leave_one_out_accuracy
from crowfly._request import Request, Searchable
from crowfly._restriction import Groups


class NeighborPredictions(Searchable):
    """The predictions of :class:`crowfly.Index`."""

    def votes(
        self,
        queries: ArrayLike,
        k: int,
        labels: ArrayLike,
        *,
        weights: str = "uniform",
        sample_weight: ArrayLike | None = None,
        exclude_self: bool = False,
        groups: Groups | None = None,
        mask: ArrayLike | None = None,
        num_threads: int | None = None,
    ) -> tuple[Any, Any]:
        """Add up the votes of the k nearest points for the class of each query, without keeping the neighbours.

        Parameters
        ----------
        labels : array_like of shape (n_points,) or (n_points, n_outputs)
            Class labels of the points, of a kind that sorts.
        weights : {"uniform", "distance"}
            What a vote counts: the same, or the inverse of the distance. Points at distance zero then outvote all others, together; points at distance NaN
            ("nan_euclidean", nothing in common) count nothing.
        sample_weight : array_like of shape (n_points,), optional
            Factors of the points' votes, not negative. Points of weight zero are nobody's neighbours.
        queries, k, exclude_self, groups, mask, num_threads
            As in `query`.

        Returns
        -------
        classes : ndarray of shape (n_classes,)
            Sorted; the most voted class of query i is ``classes[votes[i].argmax()]``, of equal ones the first.
        votes : ndarray of float64, shape (n_queries, n_classes)
            Lists of arrays, one per output, for labels of two dimensions.

        Raises
        ------
        TypeError, ValueError
            As `query`; for labels or weights that don't fit the points.
        """
        outputs = as_labels("labels", labels, self.n_points)
        poll = self._poll(
            queries,
            k,
            weights,
            sample_weight=sample_weight,
            exclude_self=exclude_self,
            groups=groups,
            mask=mask,
            num_threads=num_threads,
        )
        return _by_output(poll, outputs)

    def votes_radius(
        self,
        queries: ArrayLike,
        radius: float,
        labels: ArrayLike,
        *,
        weights: str = "uniform",
        sample_weight: ArrayLike | None = None,
        exclude_self: bool = False,
        groups: Groups | None = None,
        mask: ArrayLike | None = None,
        num_threads: int | None = None,
    ) -> tuple[Any, Any]:
        """Add up the votes of all points within a radius for the class of each query, without keeping the neighbours.

        Parameters
        ----------
        labels, weights, sample_weight
            As in `votes`.
        queries, radius, exclude_self, groups, mask, num_threads
            As in `query_radius`.

        Returns
        -------
        classes, votes
            As from `votes`. A query without neighbours has no votes.

        Raises
        ------
        TypeError, ValueError
            As `query_radius`; for labels or weights that don't fit the points.

        Examples
        --------
        >>> import numpy as np, crowfly
        >>> index = crowfly.Index(np.array([[0.0], [1.0], [3.0]]))
        >>> classes, votes = index.votes_radius([[0.5], [9.0]], 1.0, ["a", "b", "b"])
        >>> votes
        array([[1., 1.],
               [0., 0.]])
        """
        outputs = as_labels("labels", labels, self.n_points)
        poll = self._poll_within(
            queries,
            radius,
            weights,
            sample_weight=sample_weight,
            exclude_self=exclude_self,
            groups=groups,
            mask=mask,
            num_threads=num_threads,
        )
        return _by_output(poll, outputs)

    def means(
        self,
        queries: ArrayLike,
        k: int,
        targets: ArrayLike,
        *,
        weights: str = "uniform",
        sample_weight: ArrayLike | None = None,
        exclude_self: bool = False,
        groups: Groups | None = None,
        mask: ArrayLike | None = None,
        num_threads: int | None = None,
    ) -> NDArray[np.float64]:
        """Average the targets of the k nearest points of each query, without keeping the neighbours.

        Parameters
        ----------
        targets : array_like of shape (n_points,) or (n_points, n_outputs)
            Finite numbers.
        weights, sample_weight
            As in `votes`.
        queries, k, exclude_self, groups, mask, num_threads
            As in `query`.

        Returns
        -------
        means : ndarray of float64, shape (n_queries,) or (n_queries, n_outputs)
            NaN where no neighbour counts anything.

        Raises
        ------
        TypeError, ValueError
            As `query`; for targets or weights that don't fit the points.
        """
        values = as_targets("targets", targets, self.n_points)
        poll = self._poll(
            queries,
            k,
            weights,
            sample_weight=sample_weight,
            exclude_self=exclude_self,
            groups=groups,
            mask=mask,
            num_threads=num_threads,
        )
        return poll.means(values)

    def means_radius(
        self,
        queries: ArrayLike,
        radius: float,
        targets: ArrayLike,
        *,
        weights: str = "uniform",
        sample_weight: ArrayLike | None = None,
        exclude_self: bool = False,
        groups: Groups | None = None,
        mask: ArrayLike | None = None,
        num_threads: int | None = None,
    ) -> NDArray[np.float64]:
        """Average the targets of all points within a radius of each query, without keeping the neighbours.

        Parameters
        ----------
        targets, weights, sample_weight
            As in `means`.
        queries, radius, exclude_self, groups, mask, num_threads
            As in `query_radius`.

        Returns
        -------
        means : ndarray of float64, shape (n_queries,) or (n_queries, n_outputs)
            NaN where there are no neighbours, or none counts anything.

        Raises
        ------
        TypeError, ValueError
            As `query_radius`; for targets or weights that don't fit the points.
        """
        values = as_targets("targets", targets, self.n_points)
        poll = self._poll_within(
            queries,
            radius,
            weights,
            sample_weight=sample_weight,
            exclude_self=exclude_self,
            groups=groups,
            mask=mask,
            num_threads=num_threads,
        )
        return poll.means(values)

    def leave_one_out_accuracy(
        self,
        labels: ArrayLike,
        max_k: int,
        *,
        weights: str = "uniform",
        groups: Groups | None = None,
        mask: ArrayLike | None = None,
        num_threads: int | None = None,
    ) -> NDArray[np.float64]:
        """Accuracy of classifying every point by its k nearest others, for every k from 1 to `max_k`, in one search.

        Parameters
        ----------
        labels : array_like of shape (n_points,)
            Class labels. Of classes with equal votes the first in sorted order counts. Distances that are equal in decimals (0.3 - 0.2 and 0.2 - 0.1) are not
            always equal in float64, so ties are decided by the float64 values as they are, then by index.
        max_k : int
        weights : {"uniform", "distance"}
            As in `votes`.
        groups : array_like of shape (n_points,), optional
            Labels of groups: the neighbours come from other groups (leave one group out).
        mask, num_threads
            As in `query`. Points outside the mask are classified, too.

        Returns
        -------
        accuracy : ndarray of float64, shape (max_k,)
            Entry k - 1 is the share of the points that their k nearest others classify right.

        Raises
        ------
        TypeError, ValueError
            As `query`; for labels that don't fit the points.

        Examples
        --------
        >>> import numpy as np, crowfly
        >>> index = crowfly.Index(np.array([[0.0], [1.0], [2.0], [10.0], [11.0]]))
        >>> index.leave_one_out_accuracy(["a", "a", "a", "b", "b"], 3)
        array([1. , 0.6, 0.6])
        """
        outputs = as_labels("labels", labels, self.n_points, (1,))
        request = Request.of(
            self._index,
            None,
            self.n_points,
            self.n_points,
            exclude_self=True,
            groups=groups,
            mask=mask,
            num_threads=num_threads,
        )
        return leave_one_out_accuracy(request, max_k, weights, outputs.numbered[0])

    def _poll(
        self,
        queries: ArrayLike,
        k: int,
        weights: str,
        *,
        sample_weight: ArrayLike | None = None,
        exclude_self: bool = False,
        groups: Groups | None = None,
        mask: ArrayLike | None = None,
        num_threads: int | None = None,
    ) -> Poll:
        request = self._request(
            queries, exclude_self=exclude_self, groups=groups, mask=mask, num_threads=num_threads
        )
        return Poll.nearest(request, k, weights, sample_weight)

    def _poll_within(
        self,
        queries: ArrayLike,
        radius: float,
        weights: str,
        *,
        sample_weight: ArrayLike | None = None,
        exclude_self: bool = False,
        groups: Groups | None = None,
        mask: ArrayLike | None = None,
        num_threads: int | None = None,
    ) -> Poll:
        request = self._request(
            queries, exclude_self=exclude_self, groups=groups, mask=mask, num_threads=num_threads
        )
        return Poll.within(request, radius, weights, sample_weight)


def _by_output(poll: Poll, outputs: Labels) -> tuple[Any, Any]:
    """Classes and votes: lists of arrays for labels of two dimensions."""
    votes: Any = poll.votes(outputs.numbered)
    classes: Any = [classes for classes, _ in outputs.numbered]
    return (classes, votes) if outputs.many else (classes[0], votes[0])
