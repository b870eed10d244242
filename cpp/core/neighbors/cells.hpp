// SPDX-License-Identifier: BSD-3-Clause
// Points grouped about centres taken from among themselves (an inverted file). Which cell a point is put in decides speed, never answers, so the lattice's own
// rounded distances are good enough to choose it.
#pragma once

#include "neighbors/lattice.hpp"

namespace crowfly {

class Cells {
 public:
  Cells(const MatrixView& points, const Metric& metric, Index n_cells);

  [[nodiscard]] const LatticePoints& lattice() const noexcept { return lattice_; }
  /// Rows of a matrix in the order of their cells, so that those of a block go to the same few.
  [[nodiscard]] std::vector<Index> order_of(const MatrixView& rows, const Metric& metric) const;
  [[nodiscard]] Index bytes() const noexcept { return centres_.bytes() + lattice_.bytes(); }

  /// The share of the points that a search among cells would look at, from a sample of points and queries: small where data are clustered.
  [[nodiscard]] static double share_visited(const MatrixView& points, const MatrixView& queries, const Metric& metric,
                                            Index k);

  /// The number of cells that balances measuring centres and searching cells.
  [[nodiscard]] static Index usual_number(Index n_points) noexcept;

 private:
  LatticePoints centres_;
  LatticePoints lattice_;
};

}  // namespace crowfly
