// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/ridge_scores.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "kernels/dispatch.hpp"
#include "linalg/products.hpp"

namespace crowfly {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// A matrix in panels [panel][row][panel_width], zero beyond its columns.
class Panels {
 public:
  Panels(Index rows, Index cols)
      : width_(kernels::active().panel_width),
        rows_(rows),
        n_panels_(ceil_div(cols, width_)),
        data_(AlignedBuffer<double>::zeros(rows * width_ * n_panels_)) {}
  /// With rows of zeros below up to `rows`.
  Panels(const Matrix& a, Index rows) : Panels(rows, a.cols()) {
    for (Index j = 0; j < a.cols(); ++j) {
      for (Index k = 0; k < a.rows(); ++k) panel(j / width_)[k * width_ + j % width_] = a(k, j);
    }
  }
  [[nodiscard]] Index rows() const noexcept { return rows_; }
  [[nodiscard]] Index n_panels() const noexcept { return n_panels_; }
  [[nodiscard]] Index padded_cols() const noexcept { return n_panels_ * width_; }
  [[nodiscard]] double* panel(Index i) noexcept { return data_.data() + i * rows_ * width_; }
  [[nodiscard]] const double* panel(Index i) const noexcept { return data_.data() + i * rows_ * width_; }

 private:
  Index width_, rows_, n_panels_;
  AlignedBuffer<double> data_;
};

/// c[i * stride + j] = sum over k < n of a[k][i] b[k][j], for one panel of each.
void multiply_panels(const double* a, const double* b, Index n, double* c, Index stride) {
  const auto& table = kernels::active();
  for (Index i = 0; i < table.panel_width; ++i) std::fill_n(c + i * stride, table.panel_width, 0.0);
  for (Index i = 0; i < table.panel_width; i += table.gram_rows) table.gram_tile(a + i, b, n, c + i * stride, stride);
}

/// Where a leverage is so near 1 that its distance from it is rounding, leaving the row out has no meaning.
double left_out_error(double residual, double distance, double smallest) {
  return distance > smallest ? residual / distance : infinity;
}

/// Matrices that all blocks are multiplied with.
struct Factors {
  Panels vectors, inverse, coef;
  Factors(const ScoreProblem& problem, const Matrix& coefficients, Index padded_features)
      : vectors(problem.basis.vectors, padded_features),
        inverse(inverse_denominators(problem), vectors.padded_cols()),
        coef(coefficients, padded_features) {}

  static Matrix inverse_denominators(const ScoreProblem& problem) {
    Matrix inverse(problem.basis.rank(), static_cast<Index>(problem.alphas.size()));
    for (Index a = 0; a < inverse.cols(); ++a) {
      for (Index k = 0; k < inverse.rows(); ++k) {
        const double value = problem.basis.denominator(k, problem.alphas[as_size(a)]);
        inverse(k, a) = value > 0 ? 1 / value : 0.0;
      }
    }
    return inverse;
  }
};

/// One slot's work space and sums.
class ScoreSum {
 public:
  ScoreSum(const Design& design, const ScoreProblem& problem, const Factors& factors, Index block_rows)
      : design_(design),
        problem_(problem),
        factors_(factors),
        width_(kernels::active().panel_width),
        block_(block_rows, design.cols()),
        features_(block_.padded_cols(), block_rows),
        coordinates_(factors.vectors.padded_cols(), block_rows),
        leverage_(AlignedBuffer<double>::zeros(width_ * factors.inverse.padded_cols())),
        prediction_(AlignedBuffer<double>::zeros(width_ * factors.coef.padded_cols())) {
    const auto combinations = problem.alphas.size() * as_size(design.targets.cols);
    scores_.squares.assign(combinations, 0.0);
    scores_.left_out.assign(combinations, 0.0);
  }

  void add(Index begin, Index count) {
    block_.load(design_, begin, count);
    transpose();
    const Index n_groups = ceil_div(count, width_);
    for (Index i = 0; i < factors_.vectors.n_panels(); ++i) {
      for (Index g = 0; g < n_groups; ++g) {
        multiply_panels(factors_.vectors.panel(i), features_.panel(g), features_.rows(),
                        coordinates_.panel(g) + i * width_ * width_, width_);
      }
    }
    for (Index g = 0; g < n_groups; ++g) {
      double* z = coordinates_.panel(g);
      for (Index k = 0; k < coordinates_.rows() * width_; ++k) z[k] *= z[k];
      multiply_all(z, factors_.inverse, coordinates_.rows(), leverage_.data());
      multiply_all(features_.panel(g), factors_.coef, features_.rows(), prediction_.data());
      for (Index k = 0; k < std::min(width_, count - g * width_); ++k) add_row(begin, g * width_ + k, k);
    }
  }

  [[nodiscard]] const RidgeScores& scores() const noexcept { return scores_; }

 private:
  void multiply_all(const double* a, const Panels& b, Index n, double* target) const {
    for (Index i = 0; i < b.n_panels(); ++i) multiply_panels(a, b.panel(i), n, target + i * width_, b.padded_cols());
  }

  /// Rows of the block become columns; targets stay behind, as the vectors have no entries for them.
  void transpose() {
    for (Index i = 0; i < block_.n_panels(); ++i) {
      const double* source = block_.panel(i);
      for (Index k = 0; k < block_.rows(); ++k) {
        double* target = features_.panel(k / width_) + i * width_ * width_ + k % width_;
        for (Index j = 0; j < width_; ++j) target[j * width_] = source[k * width_ + j];
      }
    }
  }

  void add_row(Index begin, Index row, Index k) {
    const Index n_targets = design_.targets.cols, at = begin + row;
    const double weight = problem_.weights == nullptr ? 1.0 : problem_.weights[at];
    for (Index a = 0; a < static_cast<Index>(problem_.alphas.size()); ++a) {
      const double leverage = weight * (problem_.inverse_weight + leverage_[k * factors_.inverse.padded_cols() + a]);
      for (Index t = 0; t < n_targets; ++t) {
        const Index combination = a * n_targets + t;
        const double e =
            block_.at(row, design_.first_target() + t) - prediction_[k * factors_.coef.padded_cols() + combination];
        const double d = left_out_error(e, 1 - leverage, problem_.basis.error);
        scores_.squares[as_size(combination)] += weight * e * e;
        scores_.left_out[as_size(combination)] += weight * d * d;
        if (problem_.errors != nullptr) {
          const auto place = problem_.penalty_index[as_size(a)] * n_targets + t;
          problem_.errors[place * design_.rows() + at] = d / problem_.target_scale[as_size(t)];
        }
      }
    }
  }

  const Design& design_;
  const ScoreProblem& problem_;
  const Factors& factors_;
  Index width_;
  RowBlock block_;
  Panels features_;                              ///< [rows of the block / width][feature][width]
  Panels coordinates_;                           ///< the same of x.v
  AlignedBuffer<double> leverage_, prediction_;  ///< [width][penalty], [width][penalty, target]
  RidgeScores scores_;
};

/// What a penalty leaves of the residuals along each vector, [vector, penalty].
Matrix shrinkage(const ScoreProblem& problem) {
  const RidgeBasis& basis = problem.basis;
  Matrix result(basis.rank(), static_cast<Index>(problem.alphas.size()));
  for (Index a = 0; a < result.cols(); ++a) {
    const double alpha = problem.alphas[as_size(a)];
    for (Index k = 0; k < result.rows(); ++k) {
      if (basis.pi[as_size(k)] > 0) result(k, a) = alpha * basis.pi[as_size(k)] / basis.denominator(k, alpha);
    }
  }
  return result;
}

Matrix squared(const Matrix& a) {
  Matrix result(a.rows(), a.cols());
  for (Index i = 0; i < a.rows() * a.cols(); ++i) result.data()[i] = a.data()[i] * a.data()[i];
  return result;
}

void add(RidgeScores& total, const RidgeScores& part) {
  for (std::size_t c = 0; c < total.squares.size(); ++c) {
    total.squares[c] += part.squares[c];
    total.left_out[c] += part.left_out[c];
  }
}

}  // namespace

RidgeScores scores_of_data(const Design& design, const ScoreProblem& problem, const Matrix& coef) {
  check(!design.ones);
  const auto partition = RowPartition::for_vectors(design.rows(), design.cols());
  const Factors factors(problem, coef, RowBlock(1, design.cols()).padded_cols());
  std::vector<std::optional<ScoreSum>> parts(as_size(partition.slots));
  const double operations = static_cast<double>(design.rows()) * static_cast<double>(design.cols()) *
                            static_cast<double>(problem.basis.rank() + coef.cols() + 1);
  for_each_slot(partition, operations, [&](Index slot, Range range) {
    ScoreSum& sum = parts[as_size(slot)].emplace(design, problem, factors, partition.block_rows);
    for_each_block(partition, range, [&](Index begin, Index count) {
      checkpoint();
      sum.add(begin, count);
    });
  });
  RidgeScores total = parts.front()->scores();
  for (std::size_t i = 1; i < parts.size(); ++i) add(total, parts[i]->scores());
  return total;
}

RidgeScores scores_of_rows(const Matrix& targets, const Vector& constant, const ScoreProblem& problem) {
  const RidgeBasis& basis = problem.basis;
  const Matrix& left = basis.left;
  const Index n = targets.rows(), n_targets = targets.cols(), n_known = constant.empty() ? 0 : 1;
  // Complete: together with the constant the left vectors span all rows.
  const bool complete = left.cols() + n_known == n;
  const Matrix along = transposed_product(left, targets);
  const Matrix inside = product(left, along);
  Vector beyond(as_size(n), 0.0);  ///< squared length of each unit row vector outside of the span
  for (Index i = 0; i < n && !complete; ++i) {
    double inside_length = n_known > 0 ? constant[as_size(i)] * constant[as_size(i)] : 0.0;
    for (Index k = 0; k < left.cols(); ++k) inside_length += left(i, k) * left(i, k);
    beyond[as_size(i)] = 1 - inside_length;
  }
  RidgeScores scores{Vector(problem.alphas.size() * as_size(n_targets), 0.0),
                     Vector(problem.alphas.size() * as_size(n_targets), 0.0)};
  // Row i, penalty a: 1 - h_i, less what is beyond the span.
  const Matrix shrunk = shrinkage(problem), distances = product(squared(left), shrunk);
  for (std::size_t a = 0; a < problem.alphas.size(); ++a) {
    checkpoint();
    Matrix remaining = along.copy();
    for (Index t = 0; t < n_targets; ++t) {
      for (Index k = 0; k < left.cols(); ++k) remaining(k, t) *= shrunk(k, static_cast<Index>(a));
    }
    const Matrix residuals = product(left, remaining);
    for (Index i = 0; i < n; ++i) {
      const double distance = beyond[as_size(i)] + distances(i, static_cast<Index>(a));
      const Index row = problem.row_order.empty() ? i : problem.row_order[as_size(i)];
      const double root = problem.weights == nullptr ? 1.0 : std::sqrt(problem.weights[row]);
      for (Index t = 0; t < n_targets; ++t) {
        const std::size_t combination = a * as_size(n_targets) + as_size(t);
        const double e = residuals(i, t) + (complete ? 0.0 : targets(i, t) - inside(i, t));
        const double d = left_out_error(e, distance, complete ? 0.0 : basis.error);
        scores.squares[combination] += e * e;
        scores.left_out[combination] += d * d;
        if (problem.errors != nullptr) {
          const auto place = problem.penalty_index[a] * n_targets + t;
          problem.errors[place * n + row] = d / root / problem.target_scale[as_size(t)];
        }
      }
    }
  }
  return scores;
}

}  // namespace crowfly
