// SPDX-License-Identifier: BSD-3-Clause
// The metrics, as a sum (or maximum) over features and what is done to it at the end.
#pragma once

#include <cmath>
#include <limits>
#include <memory>
#include <span>

#include "base/aligned_buffer.hpp"
#include "base/matrix_view.hpp"
#include "kernels/dispatch.hpp"
#include "neighbors/top_k.hpp"

namespace crowfly {

/// From `correlation` on: measured pair by pair (pair_metric.hpp), without filters and trees.
enum class MetricKind {
  euclidean,
  sqeuclidean,
  manhattan,
  chebyshev,
  cosine,
  minkowski,
  nan_euclidean,
  correlation,
  canberra,
  braycurtis,
  hamming,
  jaccard,
  dice,
  rogerstanimoto,
  russellrao,
  sokalsneath,
  yule,
  haversine,
  seuclidean,
  weighted_minkowski,
  mahalanobis,
};

/// Neighbours are ordered by the reduction ("raw distance") and the index; `finish` is monotone, so the order of distances is the same.
class Metric {
 public:
  /// `p` is the exponent of minkowski.
  explicit Metric(MetricKind kind, double p = 2) noexcept : kind_(kind), p_(p) {}
  /// Rows may hold NaN for what is missing, of `features` numbers.
  [[nodiscard]] static Metric between_gaps(Index features) noexcept {
    return Metric(MetricKind::nan_euclidean, static_cast<double>(features));
  }
  /// A metric that is measured pair by pair, of `features` numbers. `numbers` are the variances of seuclidean, the weights of weighted_minkowski (whose exponent is
  /// `p`), the inverse covariances of mahalanobis row by row; none for the others.
  [[nodiscard]] static Metric pair_by_pair(MetricKind kind, double p, Index features, std::span<const double> numbers);
  /// The same in a box that repeats: feature j comes again after period[j]. Infinity where it doesn't. For sums that are monotone in every difference.
  [[nodiscard]] Metric in_box(std::span<const double> period) const;

  /// True where rows enter divided by their length.
  [[nodiscard]] bool normalises() const noexcept { return kind_ == MetricKind::cosine || centres(); }
  /// True where rows enter less their mean.
  [[nodiscard]] bool centres() const noexcept { return kind_ == MetricKind::correlation; }
  /// The box that rows are moved into, padded with infinity; null where space is open.
  [[nodiscard]] const double* period() const noexcept { return period_ == nullptr ? nullptr : period_->data(); }
  /// True where rows enter as they are stored.
  [[nodiscard]] bool as_stored() const noexcept { return !normalises() && period_ == nullptr && !scalar(); }
  /// True where a sum over features is monotone in every difference: what trees need.
  [[nodiscard]] bool monotone() const noexcept {
    return reduction() != kernels::Reduction::power_difference && !scalar();
  }
  /// True for Euclidean distances in open space: what the lattice needs.
  [[nodiscard]] bool euclidean() const noexcept {
    return reduction() == kernels::Reduction::squared_difference && period_ == nullptr && !scalar();
  }
  [[nodiscard]] kernels::Reduction reduction() const noexcept {
    switch (kind_) {
      case MetricKind::manhattan:
        return kernels::Reduction::absolute_difference;
      case MetricKind::chebyshev:
        return kernels::Reduction::maximum_difference;
      case MetricKind::minkowski:
        return kernels::Reduction::power_difference;
      default:
        return kernels::Reduction::squared_difference;
    }
  }
  /// True where only equal rows are at distance zero: not where rows are normalised, moved into a box or have gaps.
  [[nodiscard]] bool separates() const noexcept { return as_stored(); }
  /// Exponent p with reduction(s x) = s^p reduction(x).
  [[nodiscard]] double degree() const noexcept {
    switch (kind_) {
      case MetricKind::manhattan:
      case MetricKind::chebyshev:
        return 1;
      case MetricKind::minkowski:
      case MetricKind::weighted_minkowski:
        return p_;
      default:
        return 2;
    }
  }
  /// The kernel's raw distances from `query` to rows, both padded (see KernelTable::distance_rows); they may have over- or underflowed.
  void measure_rows(const double* query, const double* rows, Index n, Index depth, double* out) const noexcept {
    const auto& table = kernels::active();
    const auto at = static_cast<int>(reduction());
    if (has_gaps()) {
      measure_with_gaps(query, rows, n, depth, out);
    } else if (by_pairs()) {
      measure_pairs(query, rows, n, depth, out);
    } else if (period_ != nullptr) {
      table.periodic_rows[at](query, rows, period_->data(), n, depth, out);
    } else {
      table.distance_rows[at](query, rows, n, depth, p_, out);
    }
  }
  /// True where kernels can take the rows of a matrix as they are stored.
  [[nodiscard]] bool takes(const MatrixView& rows) const noexcept { return rows.rows_are_arrays() && as_stored(); }
  /// The same from rows [begin, begin + n) of a matrix that it takes.
  void measure_stored(const double* query, const MatrixView& rows, Index begin, Index n, double* out) const noexcept {
    const auto& table = kernels::active();
    const auto at = static_cast<int>(reduction());
    const auto kernel = rows.dtype == DType::f32 ? table.stored_distance_f32[at] : table.stored_distance_f64[at];
    kernel(query, rows.row(begin), rows.row_stride, n, rows.cols, p_, out);
  }
  /// True where kernels can take single rows of a matrix from wherever they are stored.
  [[nodiscard]] bool picks_from(const MatrixView& rows) const noexcept { return takes(rows) && euclidean(); }
  /// The same from rows at these addresses, of a matrix that it picks from.
  void measure_picked(const double* query, const MatrixView& matrix, std::span<const void* const> rows,
                      double* out) const noexcept {
    const auto& table = kernels::active();
    const auto kernel = matrix.dtype == DType::f32 ? table.picked_squares_f32 : table.picked_squares_f64;
    kernel(query, rows.data(), static_cast<Index>(rows.size()), matrix.cols, out);
  }
  /// True where a raw distance has lost nothing to overflow or underflow.
  [[nodiscard]] static bool comfortable(double raw) noexcept {
    return raw >= smallest_comfortable && raw <= largest_comfortable;
  }
  /// The last distance of all, of rows whose raw distance is NaN: with the largest exponent, since an infinite sum may be one that overflowed, and is nearer.
  [[nodiscard]] static RawDistance nothing_in_common() noexcept {
    return {std::numeric_limits<double>::infinity(), 1 << 20};
  }
  /// The distance of two padded rows with an exponent of its own, for those that aren't.
  [[nodiscard]] RawDistance rescaled(const double* query, const double* row, Index depth) const;
  [[nodiscard]] double finish(RawDistance d) const noexcept;
  /// No kernel's raw distance above it can belong to a distance of at most `radius`.
  [[nodiscard]] double raw_limit(double radius) const noexcept;

 private:
  [[nodiscard]] bool has_gaps() const noexcept { return kind_ == MetricKind::nan_euclidean; }
  [[nodiscard]] bool by_pairs() const noexcept { return kind_ >= MetricKind::correlation; }
  /// True where no kernel knows the sum.
  [[nodiscard]] bool scalar() const noexcept { return has_gaps() || by_pairs(); }
  /// True where the distance of two rows is a function of their difference, and scales with it.
  [[nodiscard]] bool scales() const noexcept {
    return !by_pairs() || kind_ == MetricKind::seuclidean || kind_ == MetricKind::weighted_minkowski ||
           kind_ == MetricKind::mahalanobis;
  }
  void measure_with_gaps(const double* query, const double* rows, Index n, Index depth, double* out) const noexcept;
  void measure_pairs(const double* query, const double* rows, Index n, Index depth, double* out) const noexcept;

  static constexpr double smallest_comfortable = 0x1p-900, largest_comfortable = 0x1p1000;

  MetricKind kind_;
  double p_;  ///< exponent, or number of features
  Index features_ = 0;
  std::shared_ptr<const AlignedBuffer<double>> period_, numbers_;
};

}  // namespace crowfly
