// SPDX-License-Identifier: BSD-3-Clause
// Searches over one set of points: k nearest, all within a radius, all pairs. Answers are bit-equal for any number of threads, batch size, instruction set
// and path (filtered or direct).
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/parallel.hpp"
#include "neighbors/exact_rows.hpp"
#include "neighbors/packed_points.hpp"
#include "neighbors/top_k.hpp"

namespace crowfly {

/// Neighbours of each query in one flat run: query i owns [offsets[i], offsets[i + 1]).
struct RadiusNeighbors {
  std::vector<Index> offsets;
  std::vector<double> distances;
  std::vector<Index> indices;
};

class NeighborIndex {
 public:
  /// `points` must outlive the index and stay unchanged; `max_abs` is their largest magnitude.
  NeighborIndex(const MatrixView& points, Metric metric, double max_abs);
  NeighborIndex(const NeighborIndex&) = delete;
  NeighborIndex& operator=(const NeighborIndex&) = delete;
  ~NeighborIndex();

  /// Writes k distances and indices per query, row after row. 1 <= k <= number of points (one less with `exclude_self`,
  /// where query i is point i).
  void query(const MatrixView& queries, Index k, bool exclude_self, double* distances, Index* indices) const;

  [[nodiscard]] RadiusNeighbors query_radius(const MatrixView& queries, double radius, bool exclude_self) const;

 private:
  struct Search;

  [[nodiscard]] bool filter_pays(Index n_queries, Index k) const noexcept;
  [[nodiscard]] const PackedPoints& packed() const;
  [[nodiscard]] std::vector<TopK> query_task(const Search& search, Index block, Index chunk) const;
  void direct(const Search& search, Index first_query, Range points, std::vector<TopK>& top) const;

  MatrixView points_;
  Metric metric_;
  double max_abs_;
  mutable std::atomic<const PackedPoints*> packed_{nullptr};
};

/// All distances between rows of x and rows of y, as defined, row-major.
void pairwise_distances(const MatrixView& x, const MatrixView& y, const Metric& metric, double* out);

}  // namespace crowfly
