// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/coarse_fit.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "linalg/conjugate_gradient.hpp"
#include "linear_model/coarse_loss.hpp"

namespace crowfly {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();
constexpr double infinity = std::numeric_limits<double>::infinity();

/// Below so many operations a Hessian in float64 is as quick as what saves it, or rows too few to be worth a sample.
constexpr double least_coarse_operations = 2e7;
constexpr Index least_coarse_rows = 4096;
/// A sample has one row out of so many, or so many rows per parameter, but not more than a quarter of all.
constexpr Index sampled_out_of = 16, sampled_per_parameter = 16, least_out_of = 4;
/// What is left on the sample when that is as near as its minimum is to that of all rows: half the squared decrement per parameter.
constexpr double sampling_noise = 0.3;
/// Whoever asks for less gets no steps beyond it.
constexpr double polished_tolerance = 1e-11;
constexpr int max_coarse_steps = 64, coarse_polishing = 3;
/// Rows of the sample whose Hessian in float64 bounds that of all from below, where it is cheap beside a read of all.
constexpr double most_sample_certified_size = 600;

double total_weight(const LogisticProblem& problem) {
  double sum = 0;
  for (Index i = 0; i < problem.features.rows; ++i) sum += problem.weights == nullptr ? 1.0 : problem.weights[i];
  return sum;
}

}  // namespace

bool CoarseFit::pays(const LogisticProblem& problem, const LogisticData& data) {
  const double n = static_cast<double>(problem.features.rows), m = static_cast<double>(data.size());
  return problem.max_iterations > 0 && problem.features.rows >= least_coarse_rows &&
         n * m * m >= least_coarse_operations && problem.features.sparse == nullptr && CoarseLoss::serves(data);
}

CoarseFit::CoarseFit(const LogisticProblem& problem, const LogisticData& data)
    : problem_(problem), data_(data), missed_decrement_(infinity) {
  take_sample();
  const auto positive = [](double factor) { return factor > 0; };
  framed_by_sample_ = sample_ && problem.penalty > 0 &&
                      std::all_of(problem.penalty_factor.begin(), problem.penalty_factor.end(), positive);
}

void CoarseFit::take_sample() {
  const Index n = problem_.features.rows, wanted = std::max(n / sampled_out_of, sampled_per_parameter * data_.size());
  if (!problem_.features.rows_are_arrays() || wanted > n / least_out_of) return;
  sample_.emplace(data_, n / wanted);
  if (!sample_->has_all_classes()) sample_.reset();
}

CoarseResult CoarseFit::run(ColumnBounds& columns, const Vector& start) {
  CoarseResult result;
  Vector begin = start;
  bool from_sample = false;
  if (sample_) {
    Vector penalty(columns.penalty);
    for (double& value : penalty) value *= sample_->share();
    const double noise = sampling_noise * static_cast<double>(data_.size());
    CoarseDescent rough = coarse_descent(sample_->data(), penalty, start, {0, noise, -1, max_coarse_steps, {}, false});
    const double reads = sample_->share() * rough.n_reads;
    result.n_reads += static_cast<int>(std::ceil(reads));
    from_sample = std::isfinite(rough.objective) && rough.near;
    if (std::isfinite(rough.objective)) begin = std::move(rough.parameters);
  }
  const int polishing = problem_.tolerance < polished_tolerance ? coarse_polishing : 0;
  const int steps = std::min(max_coarse_steps, problem_.max_iterations);
  const bool is_penalised = std::all_of(columns.penalty.begin(), columns.penalty.begin() + problem_.features.cols,
                                        [](double value) { return value > 0; });
  const auto accept = [&](const CoarseDescent& state) {
    if (!is_penalised) return false;
    result.gap = gap_of(columns, state);
    return result.gap <= problem_.tolerance * state.objective;
  };
  result.found = coarse_descent(data_, columns.penalty, std::move(begin),
                                {problem_.tolerance, 0, polishing, steps, accept, from_sample});
  result.n_reads += result.found.n_reads;
  if (!result.found.accepted && !(result.found.objective <= objective_of_shares())) result.found.parameters = start;
  return result;
}

/// The smaller of two bounds that cost little.
double CoarseFit::gap_of(ColumnBounds& columns, const CoarseDescent& state) {
  if (framed_by_sample_) columns.reach = state.value.reach;
  const double gap = convexity_gap(columns, state);
  return gap <= problem_.tolerance * state.objective ? gap : std::min(gap, sample_gap(columns, state));
}

/// Of the start: losses of the classes' shares.
double CoarseFit::objective_of_shares() const {
  const double total = total_weight(problem_);
  if (!problem_.intercept) return total * std::log(static_cast<double>(problem_.n_classes));
  Vector share(as_size(problem_.n_classes), 0.0);
  for (Index i = 0; i < problem_.features.rows; ++i) {
    share[as_size(problem_.classes[i])] += problem_.weights == nullptr ? 1.0 : problem_.weights[i];
  }
  double loss = 0;
  for (const double weight : share) loss += weight * std::log(total / weight);
  return loss * (1 + 1e-12);
}

/// The bound from the penalty alone (docs/design/logistic.md), each entry of the gradient taken at the worse end of what rounding leaves open. The intercept, which has no
/// penalty, is eliminated first: `lost` is how much it could still gain, `moved` how far that moves an entry of the gradient, in units of the column's reach. Infinity for
/// several classes with intercepts.
double CoarseFit::convexity_gap(const ColumnBounds& columns, const CoarseDescent& state) const {
  const Index cols = columns.cols(), p = problem_.features.cols;
  if (data_.n_vectors() > 1 && problem_.intercept) return infinity;
  // Of each class the residuals' magnitudes and the curvatures are at most twice the losses: 1 - p is below -log p.
  const double off = 0.5 * eps * predictor_chain(cols) * columns.predictor_size(state.parameters);
  const double rounding = (eps * (CoarseLoss::gradient_chain(data_) + 8) + 4 * off) * state.value.loss;
  double lost = 0, moved = 0;
  if (problem_.intercept) {
    moved = std::fabs(state.value.gradient[as_size(p)]) + rounding;
    const double share = moved / (state.value.curvature * (1 - 1e-8));
    if (!(share < 0.5)) return infinity;
    lost = moved * -std::log1p(-share);
  }
  double squares = 0;
  for (Index i = 0; i < data_.size(); ++i) {
    if (i % cols == p) continue;
    const double entry =
        std::fabs(state.value.gradient[as_size(i)]) + columns.reach[as_size(i % cols)] * (rounding + moved);
    squares += entry * entry / columns.penalty_of(i);
  }
  return (lost + 0.5 * squares) * (1 + 1e-8);
}

/// The bound with the Hessian of the sample's rows in place of all: that of all rows is above it.
double CoarseFit::sample_gap(const ColumnBounds& columns, const CoarseDescent& state) {
  // A bound that was missed is in reach again when the decrement, which it follows, has shrunk by enough.
  const auto size = static_cast<double>(data_.size());
  if (!sample_ || size > most_sample_certified_size || state.decrement > 0.1 * missed_decrement_) return infinity;
  // The bound's radius grows with the root of the size: with more it is missed nearly always.
  if (state.decrement > 0.2 / std::sqrt(size)) return infinity;
  Matrix hessian = evaluate_loss(sample_->data(), state.parameters, HessianPart::full).hessian;
  for (Index i = 0; i < data_.size(); ++i) hessian(i, i) += columns.penalty_of(i);
  fix_gauge(hessian, columns.cols(), data_.n_vectors());
  const auto factor = Cholesky::factor(hessian);
  double gap = infinity;
  if (can_certify(factor)) {
    Matrix step(data_.size(), 1);
    std::copy(state.value.gradient.begin(), state.value.gradient.end(), step.data());
    factor->solve(step);
    const double square = dot(state.value.gradient, Vector(step.data(), step.data() + data_.size()));
    gap = bound_by_factor(columns, data_.n_vectors(), *factor, std::sqrt(std::max(0.0, square)));
  }
  if (gap > problem_.tolerance * state.objective) missed_decrement_ = state.decrement;
  return gap;
}

}  // namespace crowfly
