# SPDX-License-Identifier: BSD-3-Clause
"""Linear models under scikit-learn's names: import from here instead of from ``sklearn.linear_model``.

Fits run through :func:`crowfly.lstsq`, :func:`crowfly.enet_path`, :func:`crowfly.nnls`, :func:`crowfly.logistic` and :func:`crowfly.logistic_path`; coefficients and predictions are float64
for float32 data too. ``_least_squares`` and ``_logistic`` hold the estimators, ``_penalty`` the meaning of
scikit-learn's parameters for penalties.
"""

from __future__ import annotations

from crowfly.linear_model._elastic_net import ElasticNet, Lasso
from crowfly.linear_model._elastic_net_cv import ElasticNetCV, LassoCV
from crowfly.linear_model._least_squares import LinearRegression
from crowfly.linear_model._logistic import LogisticRegression
from crowfly.linear_model._logistic_cv import LogisticRegressionCV
from crowfly.linear_model._paths import enet_path, lasso_path
from crowfly.linear_model._ridge import Ridge
from crowfly.linear_model._ridge_classifier import RidgeClassifier
from crowfly.linear_model._ridge_classifier_cv import RidgeClassifierCV
from crowfly.linear_model._ridge_cv import RidgeCV
from crowfly.linear_model._ridge_regression import ridge_regression

__all__ = [
    "ElasticNet",
    "ElasticNetCV",
    "Lasso",
    "LassoCV",
    "LinearRegression",
    "LogisticRegression",
    "LogisticRegressionCV",
    "Ridge",
    "RidgeCV",
    "RidgeClassifier",
    "RidgeClassifierCV",
    "enet_path",
    "lasso_path",
    "ridge_regression",
]
