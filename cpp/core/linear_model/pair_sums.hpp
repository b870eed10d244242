// SPDX-License-Identifier: BSD-3-Clause
// Sums over rows of x x' times a symmetric matrix of a row's own, one entry per pair of vectors: Hessians of several classes, and how these change.
#pragma once

#include <vector>

#include "linalg/gram.hpp"

namespace crowfly {

/// How much of a matrix of pairs is worked out: all of it, or the diagonal block of each vector.
enum class HessianPart { full, diagonal_blocks };

class PairSums {
 public:
  PairSums(Index cols, Index vectors, HessianPart part) : cols_(cols), vectors_(vectors) {
    for (Index v = 0; v < vectors; ++v) {
      for (Index u = v; u < (part == HessianPart::full ? vectors : v + 1); ++u) pairs_.push_back({u, v, GramSum(cols)});
    }
  }

  /// `factor(u, v)` points to the entries of the block's rows; `scaled` is work space of the block's shape.
  template <class Factor>
  void add(const RowBlock& block, RowBlock& scaled, Factor factor) {
    for (Pair& pair : pairs_) {
      scaled.assign_scaled(block, factor(pair.row, pair.col));
      pair.sum.add(block, scaled);
    }
  }

  void merge(const PairSums& other) {
    for (std::size_t i = 0; i < pairs_.size(); ++i) pairs_[i].sum.add(other.pairs_[i].sum);
  }

  /// Lower triangle; row u * cols + i and column v * cols + j belong to columns i and j of vectors u and v.
  [[nodiscard]] Matrix matrix() const {
    Matrix result(vectors_ * cols_, vectors_ * cols_);
    for (const Pair& pair : pairs_) copy(pair.sum, result, pair.row * cols_, pair.col * cols_);
    return result;
  }

  /// The diagonal blocks, where only these were asked for.
  [[nodiscard]] std::vector<Matrix> blocks() const {
    std::vector<Matrix> result;
    for (const Pair& pair : pairs_) copy(pair.sum, result.emplace_back(cols_, cols_), 0, 0);
    return result;
  }

 private:
  /// The block in which row vector `row` meets column vector `col`.
  struct Pair {
    Index row, col;
    GramSum sum;
  };

  void copy(const GramSum& sum, Matrix& target, Index row, Index col) const {
    for (Index j = 0; j < cols_; ++j) {
      for (Index i = 0; i < cols_; ++i) target(row + i, col + j) = sum.at(i, j);
    }
  }

  Index cols_, vectors_;
  std::vector<Pair> pairs_;
};

}  // namespace crowfly
