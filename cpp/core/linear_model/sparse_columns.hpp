// SPDX-License-Identifier: BSD-3-Clause
// Columns of a sparse design as paths of penalised fits need them: scaled, weighted, and centred without becoming dense. docs/design/lasso.md.
#pragma once

#include <memory>

#include "linalg/pair.hpp"
#include "linalg/sparse_matrix.hpp"
#include "linear_model/correlation_source.hpp"
#include "linear_model/elastic_net.hpp"
#include "linear_model/scaled_paths.hpp"

namespace crowfly {

/// Column j of the problem is (stored column j - mean(j)) * the factors of `scales`. A column that is stored whole, because it has few zeros, is stored about its
/// mean: so taking the means from products cancels no more than half a bit, whatever the column's offset.
class SparseColumns {
 public:
  /// Throws NotFinite when a target isn't finite.
  SparseColumns(const SparseProblem& problem, bool centre);

  [[nodiscard]] Index n_rows() const noexcept { return static_cast<Index>(share_.size()); }
  [[nodiscard]] Index n_features() const noexcept { return scales_.n_features; }
  [[nodiscard]] Index n_targets() const noexcept { return static_cast<Index>(targets_.size()); }
  [[nodiscard]] bool centred() const noexcept { return centre_; }
  /// Row j of this is the stored column j.
  [[nodiscard]] SparseView columns() const noexcept { return columns_.view(); }
  [[nodiscard]] SparseView rows() const noexcept { return rows_.view(); }
  [[nodiscard]] double total_weight() const noexcept { return total_weight_; }
  /// Weights divided by their sum.
  [[nodiscard]] const Vector& share() const noexcept { return share_; }
  [[nodiscard]] const Vector& target(Index t) const noexcept { return targets_[as_size(t)]; }
  /// Of features, then targets, as stored; zeros without centring.
  [[nodiscard]] const Vector& mean() const noexcept { return mean_; }
  [[nodiscard]] const ColumnScales& scales() const noexcept { return scales_; }
  /// Of the centred column j.
  [[nodiscard]] double square(Index j) const noexcept { return square_[as_size(j)]; }
  /// The root of the stored column's mean square.
  [[nodiscard]] double length(Index j) const noexcept { return length_[as_size(j)]; }
  /// The most entries of a stored column.
  [[nodiscard]] Index longest() const noexcept { return longest_; }

 private:
  void store(const SparseMatrix& columns);
  void store_target(const MatrixView& targets, Index t);
  void measure(Index j);

  bool centre_;
  double total_weight_;
  Vector share_;
  Pair total_;  ///< sum of the shares, one but for rounding
  SparseMatrix columns_, rows_;
  ColumnScales scales_;
  Vector mean_, square_, length_;
  std::vector<Vector> targets_;
  Index longest_ = 0;
};

/// Products over the columns, as they are needed.
[[nodiscard]] std::unique_ptr<CorrelationSource> sparse_source(const SparseColumns& columns, Index target);

/// All products, each added up in the order of rows.
[[nodiscard]] NormalisedGram sparse_gram(const SparseColumns& columns);

/// Multiplications that `sparse_gram` takes.
[[nodiscard]] double sparse_gram_work(const SparseColumns& columns) noexcept;

}  // namespace crowfly
