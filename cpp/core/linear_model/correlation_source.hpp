// SPDX-License-Identifier: BSD-3-Clause
// What a path of penalised fits needs to know of the data: correlations of all features with a residual, and Gram entries of a few. Two ways to know it:
// the whole Gram matrix, or the columns. All for one target, features and target centred and scaled, sums divided by the total weight.
#pragma once

#include <cmath>
#include <memory>
#include <vector>

#include "linalg/gram.hpp"
#include "linalg/matrix.hpp"

namespace crowfly {

struct Correlations {
  Vector values;               ///< X'r for every feature
  double residual_square = 0;  ///< r'r
  double square_error = 0;     ///< how wrong that may be
  double error = 0;            ///< values[j] is right within error * length(j)
};

class CorrelationSource {
 public:
  virtual ~CorrelationSource() = default;
  [[nodiscard]] virtual Index n_features() const noexcept = 0;
  /// x_j'x_j.
  [[nodiscard]] virtual double square(Index j) const noexcept = 0;
  /// What errors of correlations are relative to: the root of that, or more where a mean was taken away from products.
  [[nodiscard]] virtual double length(Index j) const noexcept { return std::sqrt(square(j)); }
  [[nodiscard]] virtual double target_square() const noexcept = 0;
  /// x_j'y.
  [[nodiscard]] virtual double cross(Index j) const noexcept = 0;
  /// Products of feature `j` with those taken before, in that order, and last with itself. From now on `j` is the last of these.
  [[nodiscard]] virtual Vector take(Index j) = 0;
  /// At coefficients of the features taken.
  [[nodiscard]] virtual Correlations correlations(const Vector& coef) const = 0;
};

/// Gram matrix, cross products and squares of centred columns, sums divided by the total weight.
struct NormalisedGram {
  Matrix gram;   ///< p x p
  Matrix cross;  ///< p x t
  Vector square_of_target;
  Vector mean;    ///< of features and targets, about the design's shifts
  Vector length;  ///< p: entry (i, j) is right within chain * roundoff * length[i] * length[j]
  double total_weight = 0;
  double chain = 0;  ///< additions behind an entry, at most

  NormalisedGram(Index p, Index t)
      : gram(p, p), cross(p, t), square_of_target(as_size(t)), mean(as_size(p + t), 0.0), length(as_size(p)) {}
  /// `sum` is that of a design with a column of ones, with so many additions behind an entry.
  NormalisedGram(const GramSum& sum, Index p, Index t, bool centre, double longest_chain);

  /// Whether all numbers are finite and no mean is further from the design's shift than an eighth of its column's spread.
  [[nodiscard]] bool is_near_shifts() const noexcept;
};

/// Additions behind an entry of `weighted_gram`, at most, and a few operations before and after.
[[nodiscard]] double longest_gram_chain(Index n_rows, Index cols);

[[nodiscard]] std::unique_ptr<CorrelationSource> gram_source(const NormalisedGram& gram, Index target);

/// Columns of a design in one packed copy, rows times the root of their share of the weight.
class PackedColumns {
 public:
  PackedColumns(const Design& design, const double* weights, double total_weight);

  [[nodiscard]] Index n_features() const noexcept { return p_; }
  [[nodiscard]] Index n_targets() const noexcept { return static_cast<Index>(targets_.size()); }
  [[nodiscard]] const RowBlock& block() const noexcept { return block_; }
  [[nodiscard]] const AlignedBuffer<double>& target(Index t) const noexcept { return targets_[as_size(t)]; }
  [[nodiscard]] double square(Index j) const noexcept { return square_[as_size(j)]; }
  /// X'r for padded r.
  [[nodiscard]] AlignedBuffer<double> transposed_times(const AlignedBuffer<double>& r) const;
  /// With the residual of target `t` at coefficients of all features.
  [[nodiscard]] Correlations correlations(Index t, const Vector& coef) const;
  /// The same where `fit`, which becomes the residual, is known, as are the sums of its terms' lengths and their number.
  [[nodiscard]] Correlations correlations(Index t, AlignedBuffer<double> fit, double length, Index terms) const;

 private:
  Index p_;
  RowBlock block_;
  std::vector<AlignedBuffer<double>> targets_;
  Vector square_;
};

[[nodiscard]] std::unique_ptr<CorrelationSource> column_source(const PackedColumns& columns, Index target);

}  // namespace crowfly
