// SPDX-License-Identifier: BSD-3-Clause
// Searches over sparse points for sparse queries. Answers have the bits of the search of the same rows written out.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "base/aligned_buffer.hpp"
#include "base/lazy.hpp"
#include "linalg/sparse_matrix.hpp"
#include "neighbors/admission.hpp"
#include "neighbors/inverted_lists.hpp"
#include "neighbors/point_search.hpp"
#include "neighbors/search.hpp"

namespace crowfly {

struct SparseRequest {
  const SparseView& queries;
  Admission admission;
};

class SparseIndex {
 public:
  /// `points` must outlive the index and stay unchanged; `max_abs` is their largest magnitude. Every algorithm but the automatic choice is the direct search.
  SparseIndex(const SparseView& points, Metric metric, double max_abs, Algorithm algorithm);
  SparseIndex(const SparseIndex&) = delete;
  SparseIndex& operator=(const SparseIndex&) = delete;
  ~SparseIndex() = default;

  using Consume = Search::Consume;

  /// As NeighborIndex has them.
  void nearest(const SparseRequest& request, Index k, const Consume& consume) const;
  void within(const SparseRequest& request, double radius, const Consume& consume) const;
  void count_within(const SparseRequest& request, double radius, Index* counts) const;
  [[nodiscard]] Plan explain() const;

  [[nodiscard]] const Metric& metric() const noexcept { return metric_; }

 private:
  template <class Kept>
  using Finish = std::function<void(Index, Kept&)>;
  template <class Kept>
  void run(const SparseRequest& request, const Kept& empty, const Finish<Kept>& finish) const;
  template <class Kept>
  void search_directly(Index query, const SparseRow& row, const Admission& admission, SparseDistance& distance,
                       Kept& kept) const;
  [[nodiscard]] const char* obstacle() const noexcept;

  AlignedBuffer<double> unit_values_;  ///< of the points, where the metric normalises
  SparseView points_;                  ///< with these
  Metric metric_;
  double max_abs_;
  Algorithm algorithm_;
  Lazy<InvertedLists> lists_;
};

}  // namespace crowfly
