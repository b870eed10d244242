// SPDX-License-Identifier: BSD-3-Clause
// Dual points of logistic regression: residuals near those of a fit, what they correlate with, and how far they are from the fit. docs/design/logistic-l1.md.
#pragma once

#include "linear_model/logistic_loss.hpp"

namespace crowfly {

/// Residuals w (q - y) of the probabilities q_k = p_k (1 + c_k) to which a step of the parameters leads to first order, p those at the parameters.
struct DualPoint {
  AlignedBuffer<double> residual;  ///< [vector][row]
  double size = 0;                 ///< largest sum of magnitudes over rows, of a vector
  bool feasible = true;            ///< no probability is negative
};

/// `correction` is the step, of the same shape as `parameters`.
[[nodiscard]] DualPoint dual_point(const LogisticData& data, const Vector& parameters, const Vector& correction);

/// sum of w KL(q | p) for these q, drawn towards the classes observed by `scale` in [0, 1]; infinite where a probability underflows.
[[nodiscard]] double dual_loss(const LogisticData& data, const Vector& parameters, const Vector& correction,
                               double scale);

/// X'r for every column of the design and every vector, [vector][column], in one read.
[[nodiscard]] Vector transposed_products(const Design& design, const AlignedBuffer<double>& residual, Index n_vectors);

/// The most additions behind an entry of `transposed_products`.
[[nodiscard]] double longest_chain(const Design& design);

}  // namespace crowfly
