// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/scaled_paths.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "base/parallel.hpp"
#include "linalg/pair.hpp"
#include "linear_model/path_solver.hpp"

namespace crowfly {
namespace {

/// The alpha of a grid for a target that no feature is correlated with; scikit-learn's.
constexpr double smallest_alpha = 1e-15;

constexpr double converged_gap = 1e-9;

/// In targets of largest magnitude one: a gap of nothing, for those that are constant but for rounding.
constexpr double no_gap = 1e-28;

/// In columns of largest magnitude one: a mean square below is left by rounding of a constant column.
constexpr double constant_square = 0x1p-100;

/// coefficient = gamma * scale of the feature / scale of the target; the objective is multiplied by the square of the target's scale.
std::vector<FeaturePenalty> unit_penalties(const ElasticNetSettings& settings, const ColumnScales& scales,
                                           const CorrelationSource& source, double target_scale) {
  std::vector<FeaturePenalty> result;
  const bool constant_target = settings.intercept && source.target_square() < constant_square;
  for (Index j = 0; j < source.n_features(); ++j) {
    const double scale = scales.scale[as_size(j)], factor = settings.penalty_factor[as_size(j)];
    const bool constant = settings.intercept && source.square(j) < constant_square;
    if (!std::isfinite(factor) || constant || constant_target) {
      result.push_back({std::numeric_limits<double>::infinity(), 0});
      continue;
    }
    if (factor == 0) {
      result.push_back({0, 0});
      continue;
    }
    const FeaturePenalty unit{factor * settings.l1_ratio * scale * target_scale,
                              factor * (1 - settings.l1_ratio) * scale * scale};
    // Beyond what float64 holds a penalty leaves nothing of a coefficient.
    const bool finite = std::isfinite(unit.l1) && std::isfinite(unit.l2);
    result.push_back(finite ? unit : FeaturePenalty{std::numeric_limits<double>::infinity(), 0});
  }
  return result;
}

Vector geometric_grid(double largest, Index n, double ratio) {
  Vector alphas(as_size(n), largest > smallest_alpha ? largest : smallest_alpha);
  if (!(largest > 0)) return alphas;
  for (Index i = 0; i < n; ++i) {
    const double exponent = n == 1 ? 0.0 : static_cast<double>(i) / static_cast<double>(n - 1);
    alphas[as_size(i)] = largest * std::pow(ratio, exponent);
  }
  return alphas;
}

struct Intercept {
  double value = 0;     ///< in the caller's units: mean of the target less that of the fit
  double rounding = 0;  ///< what it lacks of the best one, in scaled units
};

Intercept intercept_of(const ColumnScales& scales, const Vector& mean, const Vector& gamma, Index target) {
  const auto p = gamma.size(), column = p + as_size(target);
  const auto scaled_mean = [&](std::size_t j) {
    return Pair::product(scales.shift[j], scales.scale[j]) + Pair(mean[j]);
  };
  Pair value = scaled_mean(column);
  for (std::size_t j = 0; j < p; ++j) {
    if (gamma[j] != 0) value -= scaled_mean(j) * gamma[j];
  }
  return {value.high / scales.scale[column], std::fabs(value.low)};
}

/// One solver per source, at infinite alpha.
std::vector<std::optional<PathSolver>> solvers_of(const std::vector<std::unique_ptr<CorrelationSource>>& sources,
                                                  const ColumnScales& scales, const ElasticNetSettings& settings) {
  std::vector<std::optional<PathSolver>> solvers(sources.size());
  parallel_for(static_cast<Index>(sources.size()), [&](Index k) {
    const double target_scale = scales.scale[as_size(scales.n_features + k)];
    auto unit = unit_penalties(settings, scales, *sources[as_size(k)], target_scale);
    solvers[as_size(k)].emplace(*sources[as_size(k)], std::move(unit), settings.positive);
  });
  return solvers;
}

Vector alphas_of(const std::vector<std::optional<PathSolver>>& solvers, const ElasticNetSettings& settings) {
  if (!settings.alphas.empty()) return settings.alphas;
  double largest = 0;
  for (const auto& solver : solvers) largest = std::max(largest, solver->largest_alpha());
  return geometric_grid(largest, settings.n_alphas, settings.ratio);
}

}  // namespace

Vector path_alphas(const std::vector<std::unique_ptr<CorrelationSource>>& sources, const ColumnScales& scales,
                   const ElasticNetSettings& settings) {
  return alphas_of(solvers_of(sources, scales, settings), settings);
}

ElasticNetPath scaled_paths(const std::vector<std::unique_ptr<CorrelationSource>>& sources, const ColumnScales& scales,
                            const Vector& mean, const ElasticNetSettings& settings) {
  const Index p = scales.n_features, t = static_cast<Index>(sources.size());
  const auto target_scale = [&](Index k) { return scales.scale[as_size(p + k)]; };
  auto solvers = solvers_of(sources, scales, settings);
  ElasticNetPath path;
  path.alphas = alphas_of(solvers, settings);
  const auto n_alphas = static_cast<Index>(path.alphas.size());
  path.coef = Matrix(p, n_alphas * t);
  for (Vector* values : {&path.intercept, &path.objective, &path.gap, &path.relative_gap}) {
    values->assign(as_size(n_alphas * t), 0.0);
  }
  path.rounds.assign(as_size(n_alphas * t), 0);
  path.converged.assign(as_size(n_alphas * t), 0);
  parallel_for(t, [&](Index k) {
    PathSolver& solver = *solvers[as_size(k)];
    const double scale = target_scale(k), without_features = 0.5 * sources[as_size(k)]->target_square();
    for (Index a = 0; a < n_alphas; ++a) {
      const int before = solver.rounds();
      solver.solve(path.alphas[as_size(a)]);
      const Vector gamma = solver.coef();
      const Certificate found = solver.certificate();
      const std::size_t at = as_size(k * n_alphas + a);
      double* coef = path.coef.col(k * n_alphas + a);
      for (Index j = 0; j < p; ++j) coef[j] = gamma[as_size(j)] * scales.scale[as_size(j)] / scale;
      // An intercept that is off adds half the square of that: much, where offsets are large.
      double excess = 0;
      if (settings.intercept) {
        const Intercept intercept = intercept_of(scales, mean, gamma, k);
        path.intercept[at] = intercept.value;
        const double off = intercept.rounding + found.mean_error;
        excess = 0.5 * off * off;
      }
      const double objective = found.objective + excess, gap = found.gap + excess + found.objective_error;
      path.objective[at] = objective / scale / scale;
      path.gap[at] = gap / scale / scale;
      path.relative_gap[at] = gap == 0 ? 0.0 : gap / objective;
      path.converged[at] = found.gap <= std::max(no_gap, converged_gap * without_features) ? 1 : 0;
      path.rounds[at] = solver.rounds() - before;
    }
  });
  return path;
}

}  // namespace crowfly
