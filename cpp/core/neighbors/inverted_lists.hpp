// SPDX-License-Identifier: BSD-3-Clause
// Sparse points by feature. A query meets the points that share a feature with it, which gives bounds of all distances; what they can't rule out is computed as
// defined.
//
// The sum of a query q and a point x over features is S(q) + S(x) + sum over shared features of (f(q_j - x_j) - f(q_j) - f(x_j)), f the metric's term, S its sum over
// a row. docs/design/neighbors.md bounds what rounding makes of it.
#pragma once

#include <limits>
#include <vector>

#include "base/aligned_buffer.hpp"
#include "linalg/sparse_matrix.hpp"
#include "neighbors/admission.hpp"
#include "neighbors/sparse_rows.hpp"

namespace crowfly {

class InvertedLists {
 public:
  /// `points` outlive this.
  InvertedLists(const SparseView& points, const Metric& metric);

  /// Null where lists bound the metric's sums, else why not.
  [[nodiscard]] static const char* obstacle(const Metric& metric) noexcept;
  /// Squares of larger numbers may overflow in sums of them.
  static constexpr double max_magnitude = 0x1p450;

  [[nodiscard]] const SparseView& points() const noexcept { return points_; }
  [[nodiscard]] SparseRow points_with(std::int32_t feature) const noexcept { return by_feature_.view().row(feature); }
  /// S of every point, and infinity up to whole groups of 64.
  [[nodiscard]] const double* sums() const noexcept { return sums_.data(); }
  [[nodiscard]] Index longest_row() const noexcept { return longest_row_; }
  [[nodiscard]] Index bytes() const noexcept;
  [[nodiscard]] static Index bytes_for(const SparseView& points) noexcept;

 private:
  const SparseView& points_;
  SparseMatrix by_feature_;
  AlignedBuffer<double> sums_;
  Index longest_row_ = 0;
};

/// One query after the other, on one thread.
template <class Kept>
class InvertedSearch {
 public:
  /// All outlive this.
  InvertedSearch(const InvertedLists& lists, const Metric& metric, const Admission& admission);

  /// Offers to `kept`, which is empty, what the bounds can't rule out. No number of the row is beyond InvertedLists::max_magnitude.
  void run(Index query, const SparseRow& row, Kept& kept);

 private:
  /// A point that may be a neighbour, and a lower bound of its distance as defined.
  struct Hit {
    double low;
    Index point;
    friend bool operator<(const Hit& a, const Hit& b) noexcept {
      return a.low < b.low || (a.low == b.low && a.point < b.point);
    }
  };

  [[nodiscard]] bool squares() const noexcept { return metric_.reduction() == kernels::Reduction::squared_difference; }
  void begin(Index query, const SparseRow& row, Kept& kept);
  template <class Shared>
  void add_up(Index first, Index last, Shared shared);
  void look_at(Index first, Index last);
  template <class Which>
  void scan(Index first, Index last, Which which);
  void take(const Hit& hit);
  void make_room();
  void settle();
  void tighten(double limit) noexcept { limit_ = limit < limit_ ? limit : limit_; }

  const InvertedLists& lists_;
  const Metric& metric_;
  const Admission& admission_;
  SparseDistance distance_;
  AlignedBuffer<double> shared_;   ///< sums over shared features, of one block of points; zero between blocks
  std::vector<std::size_t> next_;  ///< place in the list of each of the query's features
  std::vector<Hit> stock_;
  std::vector<double> high_;

  // Of the query that is under way.
  Index query_ = 0;
  SparseRow row_;
  Kept* kept_ = nullptr;
  double sum_ = 0, slack_ = 0, limit_ = 0;
  std::size_t most_hits_ = 0;
};

}  // namespace crowfly
