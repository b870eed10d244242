# SPDX-License-Identifier: BSD-3-Clause
"""What the docstrings of this package say in the same words."""

from __future__ import annotations

from typing import Any, TypeVar

Estimator = TypeVar("Estimator", bound=type[Any])

_TEXTS = {
    "|weights|": """\
    weights : {'uniform', 'distance'}, callable or None, default='uniform'
        What a neighbour counts: the same (None likewise), the inverse of its distance (neighbours at distance zero
        then count alone, together), or a function from distances to weights of the same shape: of an array, or by
        radius of an array of one array per query.""",
    "|search parameters|": """\
    algorithm : {'auto', 'ball_tree', 'kd_tree', 'brute'}, default='auto'
        Has no effect: the search chooses for itself and every choice gives the same answer. As in scikit-learn
        a metric which the named algorithm does not take is refused, and a tree for sparse points is warned of.
    leaf_size : int, default=30
        Has no effect.
    p : float, default=2
        Exponent of the Minkowski metric: above 0 and up to 500, or infinity. Below 1 there is no triangle inequality.
    metric : str, callable or sklearn.metrics.DistanceMetric, default='minkowski'
        'euclidean' or 'l2', 'sqeuclidean', 'manhattan' or 'l1' or 'cityblock', 'chebyshev' or 'infinity',
        'cosine', 'nan_euclidean', 'minkowski' or 'p'; and, with every distance computed but for 'haversine',
        'braycurtis', 'canberra', 'correlation', 'hamming', 'haversine' (of latitude and longitude in radians),
        'mahalanobis', 'seuclidean', and of rows as sets of the features that are not zero 'dice', 'jaccard',
        'rogerstanimoto', 'russellrao', 'sokalmichener', 'sokalsneath', 'yule'.
        Rows of zeros are at cosine distance 1 from all. Rows that don't vary have no correlation: a distance of NaN,
        behind all others. 'precomputed': `X` holds distances to the training points, as an array or as a sparse
        graph, of which only stored entries are neighbours. A function of two rows is called for every pair, query
        first ('pyfunc': that of `metric_params`). Sparse points go with the names before the semicolon but for
        'nan_euclidean', and with functions, which get matrices of one row of them.
    metric_params : dict, default=None
        ``{'p': exponent, 'w': weights}`` of the Minkowski metric, ``{'V': variances}`` of 'seuclidean',
        ``{'V': covariances}`` or ``{'VI': their inverse}`` of 'mahalanobis', ``{'func': function, ...}`` of 'pyfunc'; the
        keyword arguments of a function.
    n_jobs : int, default=None
        Number of threads; None: the current setting of :func:`crowfly.set_num_threads`, -1: all processors.""",
    "|search attributes|": """\
    effective_metric_ : str, callable or DistanceMetric
        The metric used; 'minkowski' with p = 1, 2 or infinity is named by its own name.
    effective_metric_params_ : dict
        Its parameters.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if `X` had names that are all strings.
    n_samples_fit_ : int
        Number of training points.""",
}


def documented(estimator: Estimator) -> Estimator:
    """Decorate a class: put the common texts where its docstring names them."""
    # Python -OO has no docstrings.
    if estimator.__doc__ is not None:
        for name, text in _TEXTS.items():
            estimator.__doc__ = estimator.__doc__.replace(f"    {name}", text)
    return estimator
