// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/ridge_folds.hpp"

#include <algorithm>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "linalg/gram.hpp"
#include "linear_model/centred_gram.hpp"
#include "linear_model/ridge_basis.hpp"
#include "linear_model/standardise.hpp"

namespace crowfly {
namespace {

/// The design's rows [begin, end).
Design rows_of(const Design& design, Index begin, Index end) {
  Design part = design;
  for (MatrixView* view : {&part.features, &part.targets}) *view = view->between(begin, end);
  return part;
}

/// Weighted squared errors of the design's targets for each column of `coef`, added to `squares`.
void add_squares(const Design& design, const double* weights, const Matrix& coef, double* squares) {
  const auto partition = RowPartition::for_vectors(design.rows(), design.cols());
  const Index n_combinations = coef.cols(), n_targets = design.targets.cols;
  std::vector<Vector> parts(as_size(partition.slots), Vector(as_size(n_combinations), 0.0));
  const Index padded = RowBlock(1, design.cols()).padded_cols();
  Matrix factors(padded, n_combinations);
  for (Index c = 0; c < n_combinations; ++c) std::copy_n(coef.col(c), coef.rows(), factors.col(c));
  const double operations = 2.0 * static_cast<double>(design.rows()) * static_cast<double>(padded * n_combinations);
  for_each_slot(partition, operations, [&](Index slot, Range range) {
    RowBlock block(partition.block_rows, design.cols());
    AlignedBuffer<double> prediction(round_up(partition.block_rows, kernels::row_padding));
    for_each_block(partition, range, [&](Index begin, Index count) {
      checkpoint();
      block.load(design, begin, count);
      for (Index c = 0; c < n_combinations; ++c) {
        block.times_vector(factors.col(c), prediction.data());
        double& sum = parts[as_size(slot)][as_size(c)];
        for (Index k = 0; k < count; ++k) {
          const double e = block.at(k, design.first_target() + c % n_targets) - prediction[k];
          sum += (weights == nullptr ? 1.0 : weights[begin + k]) * e * e;
        }
      }
    });
  });
  for (const Vector& part : parts) {
    for (Index c = 0; c < n_combinations; ++c) squares[c] += part[as_size(c)];
  }
}

}  // namespace

std::optional<Vector> ridge_fold_errors(const RidgeFoldsProblem& problem) {
  const Index p = problem.features.cols, n_targets = problem.targets.cols;
  const Index n_folds = static_cast<Index>(problem.offsets.size()) - 1;
  const Index n_combinations = static_cast<Index>(problem.alphas.size()) * n_targets;
  check(n_folds >= 2 && problem.offsets.back() == problem.features.rows);
  Design design(problem.features, false, problem.targets);
  standardise(design, problem.weights, problem.intercept, largest_safe_scale(true));
  const Design with_ones = problem.intercept ? design.with_ones() : design;
  const auto weights_from = [&](Index row) { return problem.weights == nullptr ? nullptr : problem.weights + row; };
  std::vector<GramSum> grams;
  for (Index f = 0; f < n_folds; ++f) {
    const Index begin = problem.offsets[as_size(f)], end = problem.offsets[as_size(f) + 1];
    if (problem.features.rows - (end - begin) <= p) return std::nullopt;
    grams.push_back(
        weighted_gram(rows_of(with_ones, begin, end), problem.weights == nullptr ? nullptr : problem.weights + begin));
  }
  Vector metric;
  for (Index j = 0; j < p; ++j) metric.push_back(design.scale[as_size(j)] * design.scale[as_size(j)]);
  if (std::any_of(metric.begin(), metric.end(), [](double value) { return !(value > 0); })) return std::nullopt;
  const double smallest = *std::min_element(problem.alphas.begin(), problem.alphas.end());
  Vector squares(as_size(n_folds * n_combinations), 0.0);
  for (Index f = 0; f < n_folds; ++f) {
    GramSum others(with_ones.cols());
    for (Index g = 0; g < n_folds; ++g) {
      if (g != f) others.add(grams[as_size(g)]);
    }
    const CentredGram training = centred_gram(others, p, n_targets, problem.intercept);
    if (problem.intercept && !(training.total_weight > 0)) return std::nullopt;
    const auto basis = basis_of_gram(training.gram, training.cross, metric, smallest);
    if (!basis) return std::nullopt;
    Matrix coef(p, n_combinations);
    for (std::size_t a = 0; a < problem.alphas.size(); ++a) {
      const Matrix part = basis->solve(problem.alphas[a]);
      std::copy_n(part.data(), p * n_targets, coef.col(static_cast<Index>(a) * n_targets));
    }
    Design held_out = rows_of(design, problem.offsets[as_size(f)], problem.offsets[as_size(f) + 1]);
    for (std::size_t j = 0; j < training.mean.size(); ++j) held_out.shift[j] += training.mean[j] / design.scale[j];
    add_squares(held_out, weights_from(problem.offsets[as_size(f)]), coef, squares.data() + f * n_combinations);
  }
  for (Index c = 0; c < n_folds * n_combinations; ++c) {
    const double scale = design.scale[as_size(p + c % n_targets)];
    squares[as_size(c)] = squares[as_size(c)] / scale / scale;
  }
  return squares;
}

}  // namespace crowfly
