// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/wide_positive_ridge.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "linalg/pair.hpp"
#include "linear_model/dual_newton.hpp"
#include "linear_model/duality_gap.hpp"

namespace crowfly {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Relative to the objective, beside what rounding makes of a gap; above, active sets on the Gram matrix are slower, but may end closer.
constexpr double largest_gap = 1e-12, largest_roundings = 4;
/// Relative to the objective without features: those of other fits, too, have converged below.
constexpr double converged_gap = 1e-9;

/// In columns of largest magnitude one: a mean square below is left by rounding of a constant column.
constexpr double constant_square = 0x1p-100;

bool is_asked_for(const PackedColumns& columns, const ElasticNetSettings& settings) {
  const bool penalised = std::all_of(settings.penalty_factor.begin(), settings.penalty_factor.end(),
                                     [](double factor) { return factor > 0; }) &&
                         std::all_of(settings.alphas.begin(), settings.alphas.end(), [](double a) { return a > 0; });
  return settings.positive && settings.l1_ratio == 0 && penalised && !settings.alphas.empty() &&
         columns.block().rows() < columns.n_features();
}

/// One target at one alpha, in scaled units.
struct Minimum {
  Vector gamma;
  Certificate found;
  int steps = 0;
};

class PositiveRidge {
 public:
  PositiveRidge(const PackedColumns& columns, const ColumnScales& scales, const ElasticNetSettings& settings)
      : columns_(columns), scales_(scales), settings_(settings) {}

  /// Empty where the gap is too large.
  [[nodiscard]] std::optional<Minimum> solve(Index target, double alpha) const {
    const std::vector<FeaturePenalty> penalty = penalties(alpha);
    const auto p = as_size(columns_.n_features());
    Vector inverse_root(p, 0.0), length(p);
    for (std::size_t j = 0; j < p; ++j) {
      if (std::isfinite(penalty[j].l1)) inverse_root[j] = 1 / std::sqrt(penalty[j].l2);
      if (!std::isfinite(inverse_root[j])) return std::nullopt;
      length[j] = std::sqrt(columns_.square(static_cast<Index>(j)));
    }
    DualNewton newton(columns_, target, std::move(inverse_root));
    if (!newton.minimise()) return std::nullopt;
    Minimum minimum{newton.coef(), {}, newton.steps()};
    const Correlations correlations = columns_.correlations(target, minimum.gamma);
    minimum.found = certify(correlations, length, minimum.gamma, penalty, true);
    const double of_rounding = rounding_gap(correlations.error, length, penalty);
    if (!(minimum.found.gap <= largest_gap * minimum.found.objective + largest_roundings * of_rounding)) {
      return std::nullopt;
    }
    return minimum.found.gap <= converged_gap * 0.5 * sum_of_squares(target) ? std::optional(std::move(minimum))
                                                                             : std::nullopt;
  }

 private:
  /// What rounding of the correlations alone makes of the gap.
  [[nodiscard]] static double rounding_gap(double error, const Vector& length,
                                           const std::vector<FeaturePenalty>& penalty) {
    double sum = 0;
    for (std::size_t j = 0; j < length.size(); ++j) {
      if (!std::isfinite(penalty[j].l1)) continue;
      const double off = error * length[j];
      sum += off * off / (2 * penalty[j].l2);
    }
    return sum;
  }

  [[nodiscard]] double sum_of_squares(Index target) const {
    double sum = 0;
    const AlignedBuffer<double>& y = columns_.target(target);
    for (Index i = 0; i < y.size(); ++i) sum += y[i] * y[i];
    return sum;
  }

  /// With coefficient = gamma * scale of the feature / scale of the target.
  [[nodiscard]] std::vector<FeaturePenalty> penalties(double alpha) const {
    std::vector<FeaturePenalty> result;
    for (Index j = 0; j < columns_.n_features(); ++j) {
      const double scale = scales_.scale[as_size(j)], square = columns_.square(j);
      const double l2 = alpha * settings_.penalty_factor[as_size(j)] * scale * scale;
      const bool out = !std::isfinite(l2) || !(square > (settings_.intercept ? constant_square : 0));
      result.push_back(out ? FeaturePenalty{infinity, 0} : FeaturePenalty{0, l2});
    }
    return result;
  }

  const PackedColumns& columns_;
  const ColumnScales& scales_;
  const ElasticNetSettings& settings_;
};

/// Mean of the target less that of the fit, and what rounding left of it in scaled units.
Pair intercept_of(const ColumnScales& scales, const Vector& gamma, Index target) {
  const auto mean = [&](std::size_t j) { return Pair::product(scales.shift[j], scales.scale[j]); };
  Pair value = mean(gamma.size() + as_size(target));
  for (std::size_t j = 0; j < gamma.size(); ++j) {
    if (gamma[j] != 0) value -= mean(j) * gamma[j];
  }
  return value;
}

void record(ElasticNetPath& path, Index column, Index target, const Minimum& minimum, const ColumnScales& scales,
            bool intercept) {
  const std::size_t at = as_size(column);
  const double scale = scales.scale[minimum.gamma.size() + as_size(target)];
  double* coef = path.coef.col(column);
  for (std::size_t j = 0; j < minimum.gamma.size(); ++j) coef[j] = minimum.gamma[j] * scales.scale[j] / scale;
  double excess = 0;
  if (intercept) {
    const Pair constant = intercept_of(scales, minimum.gamma, target);
    path.intercept[at] = constant.high / scale;
    const double off = std::fabs(constant.low) + minimum.found.mean_error;
    excess = 0.5 * off * off;
  }
  const double objective = minimum.found.objective + excess;
  const double gap = minimum.found.gap + excess + minimum.found.objective_error;
  path.objective[at] = objective / scale / scale;
  path.gap[at] = gap / scale / scale;
  path.relative_gap[at] = gap == 0 ? 0.0 : gap / objective;
  path.rounds[at] = minimum.steps;
  path.converged[at] = 1;
}

}  // namespace

std::optional<ElasticNetPath> wide_positive_ridge(const PackedColumns& columns, const ColumnScales& scales,
                                                  const ElasticNetSettings& settings) {
  if (!is_asked_for(columns, settings)) return std::nullopt;
  const auto n_alphas = static_cast<Index>(settings.alphas.size());
  const Index t = columns.n_targets();
  ElasticNetPath path;
  path.alphas = settings.alphas;
  path.coef = Matrix(columns.n_features(), n_alphas * t);
  for (Vector* values : {&path.intercept, &path.objective, &path.gap, &path.relative_gap}) {
    values->assign(as_size(n_alphas * t), 0.0);
  }
  path.rounds.assign(as_size(n_alphas * t), 0);
  path.converged.assign(as_size(n_alphas * t), 0);
  const PositiveRidge ridge(columns, scales, settings);
  for (Index column = 0; column < n_alphas * t; ++column) {
    const auto minimum = ridge.solve(column / n_alphas, settings.alphas[as_size(column % n_alphas)]);
    if (!minimum) return std::nullopt;
    record(path, column, column / n_alphas, *minimum, scales, settings.intercept);
  }
  path.on_gram = false;
  path.on_rows = true;
  path.n_reads = 2;
  return path;
}

}  // namespace crowfly
