// SPDX-License-Identifier: BSD-3-Clause
// The queries of a lattice search in float64, and how far they are from the cells' centres.
#pragma once

#include <span>
#include <vector>

#include "neighbors/lattice.hpp"

namespace crowfly {

class LatticeQueries {
 public:
  LatticeQueries(const MatrixView& source, std::span<const Index> rows, const Metric& metric);

  [[nodiscard]] Index size() const noexcept { return n_; }
  /// Padded as load_row does it.
  [[nodiscard]] const double* row(Index query) const noexcept { return rows_.data() + query * depth_; }

  /// Measures the distances to the centres of these cells.
  void measure(const LatticePoints& lattice, Range cells);
  /// The cell whose centre is nearest to the query.
  [[nodiscard]] Index home(Index query) const noexcept { return home_[as_size(query)]; }
  /// The cells measured, those with a query near to their centre first.
  [[nodiscard]] std::vector<Index> cells_by_distance() const;
  /// False where no point of that cell is at most `reach` away.
  [[nodiscard]] bool within_reach(Index query, Index cell, double reach) const noexcept {
    const Index at = cell - first_cell_;
    const double furthest = reach + radius_[as_size(at)];
    return !(squares_[at * n_ + query] > furthest * furthest);
  }

 private:
  Index n_, depth_, first_cell_ = 0;
  AlignedBuffer<double> rows_;
  AlignedBuffer<double> squares_;  ///< [cell][query]: lower bounds of squared distances to centres
  std::vector<double> radius_, nearest_;
  std::vector<Index> home_;
};

}  // namespace crowfly
