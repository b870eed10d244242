// SPDX-License-Identifier: BSD-3-Clause
// Results of one least-squares fit as Python takes them.
#pragma once

#include <algorithm>
#include <utility>

#include "arrays.hpp"
#include "linear_model/least_squares.hpp"

namespace crowfly::bindings {

/// Column t of a core matrix becomes row t of the array: scikit-learn's (n_targets, n_features).
inline py::array_t<double> rows_from_columns(const Matrix& matrix) {
  py::array_t<double> out({matrix.cols(), matrix.rows()});
  std::copy_n(matrix.data(), matrix.rows() * matrix.cols(), out.mutable_data());
  return out;
}

inline py::dict least_squares_dict(LeastSquaresFit fit) {
  py::dict result;
  result["coef"] = rows_from_columns(fit.coef);
  result["intercept"] = owned_array(std::move(fit.intercept));
  result["rss"] = owned_array(std::move(fit.rss));
  result["rank"] = fit.rank;
  result["condition"] = fit.condition;
  result["method"] = fit.method == LeastSquaresMethod::cholesky ? "cholesky" : "qr";
  result["dependent_columns"] = owned_array(std::move(fit.dependent_columns));
  result["n_reads"] = fit.n_reads;
  result["correction"] = fit.correction;
  return result;
}

}  // namespace crowfly::bindings
