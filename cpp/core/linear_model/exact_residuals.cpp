// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/exact_residuals.hpp"

#include <algorithm>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "kernels/dispatch.hpp"

namespace crowfly {
namespace {

/// A vector of pairs, as kernels take it.
struct PairVector {
  AlignedBuffer<double> high, low;
  PairVector() = default;
  explicit PairVector(Index n) : high(AlignedBuffer<double>::zeros(n)), low(AlignedBuffer<double>::zeros(n)) {}
  void set(Index i, Pair x) noexcept {
    high[i] = x.high;
    low[i] = x.low;
  }
  [[nodiscard]] Pair at(Index i) const noexcept { return Pair::sum(high[i], low[i]); }
};

struct Part {
  std::vector<PairVector> gradient;  ///< per target
  Vector squares;
};

}  // namespace

ExactResiduals exact_residuals(const Design& design, const double* weights, const PairCoefficients& coefficients) {
  const Index p = coefficients.n_features, n_targets = coefficients.n_targets;
  check(design.ones && design.features.cols == p && n_targets % design.targets.cols == 0);
  const auto partition = RowPartition::for_vectors(design.rows(), design.cols());
  const Index padded = RowBlock(1, design.cols()).padded_cols();
  std::vector<PairVector> factors;
  for (Index t = 0; t < n_targets; ++t) {
    PairVector& factor = factors.emplace_back(padded);
    for (Index j = 0; j < p; ++j) factor.set(j, -coefficients(j, t));
    factor.set(p, -coefficients.constant[as_size(t)]);
    factor.set(design.first_target() + t % design.targets.cols, 1.0);
  }
  std::vector<Part> parts(as_size(partition.slots));
  const double operations = 20.0 * static_cast<double>(design.rows()) * static_cast<double>(padded * n_targets);
  for_each_slot(partition, operations, [&](Index slot, Range range) {
    Part& part = parts[as_size(slot)];
    for (Index t = 0; t < n_targets; ++t) part.gradient.emplace_back(padded);
    part.squares.assign(as_size(n_targets), 0.0);
    RowBlock block(partition.block_rows, design.cols());
    PairVector residual(round_up(partition.block_rows, kernels::row_padding));
    AlignedBuffer<double> weight = AlignedBuffer<double>::zeros(residual.high.size());
    for_each_block(partition, range, [&](Index begin, Index count) {
      checkpoint();
      block.load(design, begin, count);
      if (weights != nullptr) {
        std::copy_n(weights + begin, count, weight.data());
        std::fill_n(weight.data() + count, block.padded_rows() - count, 0.0);
      }
      for (Index t = 0; t < n_targets; ++t) {
        block.times_pair(factors[as_size(t)].high.data(), factors[as_size(t)].low.data(), residual.high.data(),
                         residual.low.data());
        for (Index k = 0; k < count; ++k) {
          const double r = residual.high[k];
          part.squares[as_size(t)] += weights == nullptr ? r * r : weight[k] * r * r;
        }
        if (weights != nullptr) {
          kernels::active().scale_pairs(weight.data(), block.padded_rows(), residual.high.data(), residual.low.data());
        }
        PairVector& gradient = part.gradient[as_size(t)];
        block.add_transposed_times_pair(residual.high.data(), residual.low.data(), gradient.high.data(),
                                        gradient.low.data());
      }
    });
  });
  ExactResiduals result{PairCoefficients(p, n_targets), Vector(as_size(n_targets), 0.0)};
  for (const Part& part : parts) {
    for (Index t = 0; t < n_targets; ++t) {
      for (Index j = 0; j < p; ++j) result.gradient(j, t) += part.gradient[as_size(t)].at(j);
      result.gradient.constant[as_size(t)] += part.gradient[as_size(t)].at(p);
      result.squares[as_size(t)] += part.squares[as_size(t)];
    }
  }
  return result;
}

}  // namespace crowfly
