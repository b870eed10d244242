// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/exact_residuals.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "kernels/dispatch.hpp"
#include "linalg/grid.hpp"

namespace crowfly {
namespace {

/// Targets whose residuals are held at a time.
constexpr Index group = 16;

/// `count` vectors of pairs as kernels take them.
struct PairVectors {
  Index stride = 0;
  AlignedBuffer<double> high, low;
  PairVectors() = default;
  PairVectors(Index count, Index length)
      : stride(length),
        high(AlignedBuffer<double>::zeros(count * length)),
        low(AlignedBuffer<double>::zeros(count * length)) {}
  void set(Index t, Index i, Pair x) noexcept {
    high[t * stride + i] = x.high;
    low[t * stride + i] = x.low;
  }
  [[nodiscard]] Pair at(Index t, Index i) const noexcept {
    return Pair::sum(high[t * stride + i], low[t * stride + i]);
  }
  [[nodiscard]] double max_abs(Index t, Range entries) const noexcept {
    double most = 0;
    for (Index i = entries.begin; i < entries.end; ++i) most = std::max(most, std::fabs(high[t * stride + i]));
    return most;
  }
};

/// Minus the coefficients: what columns are multiplied by before targets are added.
class Factors {
 public:
  Factors(const PairCoefficients& coefficients, Index padded, PairProducts products)
      : vectors_(coefficients.n_targets, padded),
        width_(kernels::active().panel_width),
        grid_(as_size(padded / width_ * coefficients.n_targets)),
        error_(as_size(coefficients.n_targets), 0.0) {
    const Index p = coefficients.n_features;
    for (Index t = 0; t < coefficients.n_targets; ++t) {
      for (Index j = 0; j < p; ++j) vectors_.set(t, j, -coefficients(j, t));
      vectors_.set(t, p, -coefficients.constant[as_size(t)]);
      if (products == PairProducts::on_grid) choose_grids(t, padded / width_);
    }
  }

  /// Those of panel `i`, targets from `first` on.
  [[nodiscard]] kernels::GridFactors of_panel(Index i, Index first, Index count) const noexcept {
    const Index at = first * vectors_.stride + i * width_;
    return {vectors_.high.data() + at, vectors_.low.data() + at, grid_.data() + i * n_targets() + first,
            vectors_.stride, count};
  }
  [[nodiscard]] const double* high(Index t) const noexcept { return vectors_.high.data() + t * vectors_.stride; }
  [[nodiscard]] const double* low(Index t) const noexcept { return vectors_.low.data() + t * vectors_.stride; }
  /// What residuals of target t are off by.
  [[nodiscard]] const Vector& error() const noexcept { return error_; }

 private:
  [[nodiscard]] Index n_targets() const noexcept { return static_cast<Index>(error_.size()); }

  void choose_grids(Index t, Index n_panels) {
    double error = 0, sum = largest_entry;
    for (Index i = 0; i < n_panels; ++i) {
      const double bound = largest_entry * vectors_.max_abs(t, {i * width_, (i + 1) * width_});
      grid_[as_size(i * n_targets() + t)] = grid_of(width_, bound);
      error += grid_is_safe(bound) ? grid_error(width_, bound) : std::numeric_limits<double>::infinity();
      sum += static_cast<double>(width_) * bound;
    }
    // Each panel's sum is added to a pair, which begins as the target.
    error_[as_size(t)] = error + 0x1p-103 * static_cast<double>(n_panels + 1) * sum;
  }

  PairVectors vectors_;
  Index width_;
  Vector grid_;  ///< [panel][target]
  Vector error_;
};

/// What one part of the rows comes to.
struct Part {
  PairVectors gradient;
  Vector squares, error;
  double blocks = 0;
};

/// Walks the blocks of one part.
class PartSum {
 public:
  PartSum(const Design& design, const Factors& factors, const double* weights, Index n_targets, Index block_rows,
          Index padded, PairProducts products, Part& part)
      : design_(design),
        factors_(factors),
        weights_(weights),
        n_targets_(n_targets),
        products_(products),
        part_(part),
        residual_(std::min(group, n_targets), round_up(block_rows, kernels::row_padding)),
        predicted_(products == PairProducts::split ? 1 : 0, residual_.stride),
        weight_(AlignedBuffer<double>::zeros(residual_.stride)),
        magnitude_(as_size(n_targets), 0.0) {
    part_.gradient = PairVectors(n_targets, padded);
    part_.squares.assign(as_size(n_targets), 0.0);
    part_.error.assign(as_size(n_targets), 0.0);
  }

  void add(const RowBlock& block, Index begin) {
    const Index count = block.rows();
    if (weights_ != nullptr) {
      std::copy_n(weights_ + begin, count, weight_.data());
      std::fill_n(weight_.data() + count, block.padded_rows() - count, 0.0);
    }
    ++part_.blocks;
    for (Index first = 0; first < n_targets_; first += group) {
      add_targets(block, begin, first, std::min(group, n_targets_ - first));
    }
  }

  /// Adds what blocks were rounded by when they were added to pairs.
  void finish() {
    for (Index t = 0; t < n_targets_; ++t) {
      part_.error[as_size(t)] += 0x1p-103 * (part_.blocks + 1) * magnitude_[as_size(t)];
    }
  }

 private:
  void add_targets(const RowBlock& block, Index begin, Index first, Index count) {
    for (Index t = 0; t < count; ++t) load_target(begin, block, first + t, t);
    if (products_ == PairProducts::on_grid) {
      subtract_on_grid(block, first, count);
    } else {
      for (Index t = 0; t < count; ++t) subtract_split(block, first + t, t);
    }
    double max_abs[group];
    for (Index t = 0; t < count; ++t) {
      const auto sums = kernels::active().scale_pairs(weights_ == nullptr ? nullptr : weight_.data(),
                                                      block.padded_rows(), residual_.high.data() + t * residual_.stride,
                                                      residual_.low.data() + t * residual_.stride);
      part_.squares[as_size(first + t)] += sums.squares;
      max_abs[t] = sums.max_abs;
    }
    if (products_ == PairProducts::on_grid) return gradient_on_grid(block, first, count, max_abs);
    for (Index t = 0; t < count; ++t) {
      const Index at = (first + t) * part_.gradient.stride;
      block.add_transposed_times_pair(residual_.high.data() + t * residual_.stride,
                                      residual_.low.data() + t * residual_.stride, part_.gradient.high.data() + at,
                                      part_.gradient.low.data() + at);
    }
  }

  /// The residuals of zero coefficients.
  void load_target(Index begin, const RowBlock& block, Index t, Index slot) {
    const MatrixView& y = design_.targets;
    const Index column = t % y.cols;
    const double scale = design_.scale[as_size(design_.first_target() + column)];
    double *high = residual_.high.data() + slot * residual_.stride,
           *low = residual_.low.data() + slot * residual_.stride;
    visit_dtype(y.dtype, [&](auto zero) {
      const char* source = y.row(begin) + column * y.col_stride;
      for (Index k = 0; k < block.rows(); ++k) {
        high[k] = scale * static_cast<double>(load_element<decltype(zero)>(source + k * y.row_stride));
      }
    });
    std::fill_n(high + block.rows(), block.padded_rows() - block.rows(), 0.0);
    std::fill_n(low, block.padded_rows(), 0.0);
  }

  void subtract_split(const RowBlock& block, Index t, Index slot) {
    block.times_pair(factors_.high(t), factors_.low(t), predicted_.high.data(), predicted_.low.data());
    for (Index k = 0; k < block.padded_rows(); ++k) {
      residual_.set(slot, k, predicted_.at(0, k) + Pair(residual_.high[slot * residual_.stride + k]));
    }
  }

  void subtract_on_grid(const RowBlock& block, Index first, Index count) {
    for (Index i = 0; i < block.n_panels(); ++i) {
      kernels::active().grid_times_columns(block.panel(i), factors_.of_panel(i, first, count), block.padded_rows(),
                                           {residual_.high.data(), residual_.low.data(), residual_.stride});
    }
  }

  void gradient_on_grid(const RowBlock& block, Index first, Index count, const double* max_abs) {
    const Index rows = block.padded_rows();
    double grid[group];
    for (Index t = 0; t < count; ++t) {
      const double bound = largest_entry * max_abs[t];
      grid[t] = grid_of(rows, bound);
      part_.error[as_size(first + t)] +=
          grid_is_safe(bound) ? grid_error(rows, bound) : std::numeric_limits<double>::infinity();
      magnitude_[as_size(first + t)] += static_cast<double>(rows) * bound;
    }
    const kernels::GridFactors residuals{residual_.high.data(), residual_.low.data(), grid, residual_.stride, count};
    for (Index i = 0; i < block.n_panels(); ++i) {
      const Index at = first * part_.gradient.stride + i * block.width();
      kernels::active().grid_times_rows(
          block.panel(i), residuals, rows,
          {part_.gradient.high.data() + at, part_.gradient.low.data() + at, part_.gradient.stride});
    }
  }

  const Design& design_;
  const Factors& factors_;
  const double* weights_;
  Index n_targets_;
  PairProducts products_;
  Part& part_;
  PairVectors residual_;   ///< of a group of targets
  PairVectors predicted_;  ///< of one, where products are split
  AlignedBuffer<double> weight_;
  Vector magnitude_;  ///< per target, bounds on the sums of the blocks so far
};

double cost_of_product(PairProducts products) { return products == PairProducts::on_grid ? 6 : 20; }

}  // namespace

ExactResiduals exact_residuals(const Design& design, const double* weights, const PairCoefficients& coefficients,
                               PairProducts products) {
  const Index p = coefficients.n_features, n_targets = coefficients.n_targets;
  check(design.ones && design.features.cols == p && n_targets % design.targets.cols == 0);
  // Targets enter on their own, without the padding of panels.
  Design columns(design.features, true, {});
  std::copy_n(design.scale.begin(), p, columns.scale.begin());
  const auto partition = RowPartition::for_vectors(design.rows(), columns.cols());
  const Index padded = RowBlock(1, columns.cols()).padded_cols();
  const Factors factors(coefficients, padded, products);
  std::vector<Part> parts(as_size(partition.slots));
  const double operations =
      cost_of_product(products) * static_cast<double>(design.rows()) * static_cast<double>(padded * n_targets);
  for_each_slot(partition, operations, [&](Index slot, Range range) {
    PartSum sum(design, factors, weights, n_targets, partition.block_rows, padded, products, parts[as_size(slot)]);
    RowBlock block(partition.block_rows, columns.cols());
    for_each_block(partition, range, [&](Index begin, Index count) {
      checkpoint();
      block.load(columns, begin, count);
      sum.add(block, begin);
    });
    sum.finish();
  });
  ExactResiduals result(p, n_targets);
  result.residual_error = factors.error();
  for (const Part& part : parts) {
    for (Index t = 0; t < n_targets; ++t) {
      for (Index j = 0; j < p; ++j) result.gradient(j, t) += part.gradient.at(t, j);
      result.gradient.constant[as_size(t)] += part.gradient.at(t, p);
      result.squares[as_size(t)] += part.squares[as_size(t)];
      result.gradient_error[as_size(t)] += part.error[as_size(t)];
    }
  }
  return result;
}

}  // namespace crowfly
