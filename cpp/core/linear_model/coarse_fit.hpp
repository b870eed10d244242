// SPDX-License-Identifier: BSD-3-Clause
// Fits of many rows by steps with Hessians in low precision: when they pay, the sample of rows they begin with, and the bounds that certify them without a Hessian of all
// rows. docs/design/logistic.md, "Many rows".
#pragma once

#include <limits>
#include <optional>

#include "linear_model/coarse_newton.hpp"
#include "linear_model/logistic_bounds.hpp"
#include "linear_model/newton.hpp"

namespace crowfly {

struct CoarseResult {
  /// Where `found.accepted` is false the exact method has to go on from its parameters.
  CoarseDescent found;
  double gap = std::numeric_limits<double>::infinity();  ///< upper bound on objective - minimum, of an accepted one
  int n_reads = 0;
};

class CoarseFit {
 public:
  [[nodiscard]] static bool pays(const LogisticProblem& problem, const LogisticData& data);

  /// Takes the sample, unless the rows are too few for one. Keeps references to both.
  CoarseFit(const LogisticProblem& problem, const LogisticData& data);

  /// Null without one.
  [[nodiscard]] RowSample* sample() noexcept { return sample_ ? &*sample_ : nullptr; }
  /// All features have a penalty: shifts and scales by the statistics of the sample will do, and save a read.
  [[nodiscard]] bool is_framed_by_sample() const noexcept { return framed_by_sample_; }

  /// From `start`. The reach of `columns` becomes that of all rows.
  [[nodiscard]] CoarseResult run(ColumnBounds& columns, const Vector& start);

 private:
  void take_sample();
  [[nodiscard]] double objective_of_shares() const;
  [[nodiscard]] double gap_of(ColumnBounds& columns, const CoarseDescent& state);
  [[nodiscard]] double convexity_gap(const ColumnBounds& columns, const CoarseDescent& state) const;
  [[nodiscard]] double sample_gap(const ColumnBounds& columns, const CoarseDescent& state);

  const LogisticProblem& problem_;
  const LogisticData& data_;
  bool framed_by_sample_;
  std::optional<RowSample> sample_;
  double missed_decrement_;
};

}  // namespace crowfly
