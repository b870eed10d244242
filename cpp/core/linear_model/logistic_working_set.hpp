// SPDX-License-Identifier: BSD-3-Clause
// The features that a logistic fit works on, as a design of their own: a packed copy of their columns, or X itself.
#pragma once

#include <vector>

#include "linear_model/logistic_loss.hpp"

namespace crowfly {

class LogisticWorkingSet {
 public:
  /// Up to so many features are worked on all at once.
  static constexpr Index all_at_once = 64;
  /// Parameters, of which the Hessian is formed.
  static constexpr Index max_size = 8000;

  /// `all` has the features' shifts and scales and no ones, and is kept by reference.
  LogisticWorkingSet(const Design& all, bool ones, const std::int32_t* classes, const double* weights, Index n_classes);

  [[nodiscard]] bool has(Index j) const noexcept { return is_in_[as_size(j)] != 0; }
  [[nodiscard]] bool is_all() const noexcept { return size() == all_.features.cols; }
  [[nodiscard]] Index size() const noexcept { return n_in_; }
  void insert(Index j) noexcept;
  /// The design of the features inserted so far. `features()` tells which they are, in order.
  const LogisticData& data();
  [[nodiscard]] const std::vector<Index>& features() const noexcept { return features_; }
  /// Copies of columns so far, one read of X each.
  [[nodiscard]] int n_copies() const noexcept { return n_copies_; }

 private:
  void copy_columns();

  const Design& all_;
  bool ones_;
  std::vector<char> is_in_;
  Index n_in_ = 0;
  std::vector<Index> features_;
  AlignedBuffer<double> columns_;
  LogisticData data_;
  int n_copies_ = 0;
};

}  // namespace crowfly
