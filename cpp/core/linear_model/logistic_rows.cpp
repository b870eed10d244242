// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/logistic_rows.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/dispatch.hpp"

namespace crowfly {

void LossSummary::merge(const LossSummary& other) noexcept {
  loss += other.loss;
  curvature += other.curvature;
  smallest_margin = std::min(smallest_margin, other.smallest_margin);
  largest_margin = std::max(largest_margin, other.largest_margin);
}

namespace {

void note(double margin, LossSummary& sum) {
  sum.smallest_margin = std::min(sum.smallest_margin, margin);
  sum.largest_margin = std::max(sum.largest_margin, margin);
}

}  // namespace

LogisticRows::LogisticRows(Index capacity, Index n_vectors)
    : vectors_(n_vectors),
      padded_(round_up(capacity, kernels::row_padding)),
      eta_(AlignedBuffer<double>::zeros(padded_ * n_vectors)),
      residual_(padded_ * n_vectors),
      curvature_(padded_),
      weight_(padded_),
      sign_(padded_),
      log_sum_(padded_) {}

void LogisticRows::evaluate(const std::int32_t* classes, const double* weights, Index begin, Index count,
                            LossSummary& sum) {
  for (Index k = 0; k < padded_; ++k) {
    weight_[k] = k >= count ? 0.0 : weights == nullptr ? 1.0 : weights[begin + k];
  }
  if (vectors_ == 1) {
    evaluate_binary(classes + begin, count, sum);
  } else {
    evaluate_multinomial(classes + begin, count, sum);
  }
}

void LogisticRows::evaluate_binary(const std::int32_t* classes, Index count, LossSummary& sum) {
  for (Index k = 0; k < padded_; ++k) sign_[k] = k < count && classes[k] == 1 ? 1.0 : -1.0;
  sum.loss += kernels::active().logistic_terms(eta_.data(), sign_.data(), weight_.data(), padded_, residual_.data(),
                                               curvature_.data());
  note_extremes(sum);
}

/// In lanes, which compilers turn into vectors; padding has weight zero.
void LogisticRows::note_extremes(LossSummary& sum) const {
  constexpr Index lanes = kernels::row_padding;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  double smallest[lanes], largest[lanes], curvature[lanes] = {};
  std::fill_n(smallest, lanes, infinity);
  std::fill_n(largest, lanes, -infinity);
  for (Index k = 0; k < padded_; k += lanes) {
    for (Index i = 0; i < lanes; ++i) {
      const double margin = sign_[k + i] * eta_[k + i];
      const double low = weight_[k + i] > 0 ? margin : infinity, high = weight_[k + i] > 0 ? margin : -infinity;
      smallest[i] = low < smallest[i] ? low : smallest[i];
      largest[i] = high > largest[i] ? high : largest[i];
      curvature[i] += curvature_[k + i];
    }
  }
  for (const double part : curvature) sum.curvature += part;
  sum.smallest_margin = std::min(sum.smallest_margin, *std::min_element(smallest, smallest + lanes));
  sum.largest_margin = std::max(sum.largest_margin, *std::max_element(largest, largest + lanes));
}

void LogisticRows::evaluate_multinomial(const std::int32_t* classes, Index count, LossSummary& sum) {
  for (Index k = 0; k < count; ++k) sign_[k] = eta(classes[k])[k];
  for (Index k = 0; k < count; ++k) {
    for (Index v = 0; weight_[k] > 0 && v < vectors_; ++v) {
      if (v != classes[k]) note(sign_[k] - eta(v)[k], sum);
    }
  }
  kernels::active().softmax(eta_.data(), vectors_, padded_, log_sum_.data());
  for (Index v = 0; v < vectors_; ++v) {
    for (Index k = 0; k < padded_; ++k) residual(v)[k] = weight_[k] * eta(v)[k];
  }
  for (Index k = 0; k < count; ++k) {
    // -(sum of the others' probabilities): 1 - p would lose the tail.
    double others = 0;
    for (Index v = 0; v < vectors_; ++v) others += v == classes[k] ? 0.0 : eta(v)[k];
    residual(classes[k])[k] = -weight_[k] * others;
    // log_sum - eta would lose a small loss to the size of eta.
    sum.loss += weight_[k] * (others < 0.5 ? -std::log1p(-others) : log_sum_[k] - sign_[k]);
  }
}

const double* LogisticRows::curvature(Index u, Index v) noexcept {
  if (vectors_ == 1) return curvature_.data();
  const double *p = eta(v), *other = eta(u);
  for (Index k = 0; k < padded_; ++k) curvature_[k] = weight_[k] * p[k] * (u == v ? 1.0 - p[k] : -other[k]);
  return curvature_.data();
}

}  // namespace crowfly
