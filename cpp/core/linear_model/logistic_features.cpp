// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/logistic_features.hpp"

#include <string>

#include "base/check.hpp"

namespace crowfly {

std::unique_ptr<LogisticFeatures> LogisticFeatures::of(const LogisticProblem& problem) {
  return problem.columns == nullptr ? dense_features(problem) : sparse_features(problem);
}

LogisticFeatures::LogisticFeatures(const LogisticProblem& problem)
    : problem_(problem), is_in_(as_size(problem.cols()), 0) {
  if (problem.cols() > all_at_once) return;
  for (Index j = 0; j < problem.cols(); ++j) insert(j);
}

void LogisticFeatures::insert(Index j) noexcept {
  if (has(j)) return;
  is_in_[as_size(j)] = 1;
  ++n_in_;
}

LossFunction& LogisticFeatures::loss(bool limited) {
  const Index p = problem_.cols();
  // A design has a column at least.
  if (n_in_ == 0) insert(0);
  const bool all_fit = !limited || p * n_vectors() <= max_size;
  for (Index j = 0; rounds_up_ && all_fit && 2 * n_in_ > p && j < p; ++j) insert(j);
  if (limited && n_in_ * n_vectors() > max_size)
    throw InvalidArgument("alpha: a penalty strong enough to leave at most " + std::to_string(max_size) +
                          " coefficients to work on expected, got " + std::to_string(n_in_ * n_vectors()) +
                          "; raise alpha or l1_ratio, or use l1_ratio=0");
  if (static_cast<Index>(features_.size()) == n_in_) return selected();
  features_.clear();
  for (Index j = 0; j < p; ++j) {
    if (has(j)) features_.push_back(j);
  }
  select();
  return selected();
}

}  // namespace crowfly
