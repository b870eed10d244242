// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/firth_objective.hpp"

#include <algorithm>
#include <cmath>

#include "linear_model/logistic_bounds.hpp"

namespace crowfly {
namespace {

/// a b for a lower triangle of symmetric a and upper triangular b.
Matrix symmetric_times_triangle(Matrix a, const Matrix& b) {
  const Index n = a.rows();
  for (Index j = 0; j < n; ++j) {
    for (Index i = j + 1; i < n; ++i) a(j, i) = a(i, j);
  }
  Matrix product(n, n);
  const auto size = static_cast<double>(n);
  parallel_for_work(n, size * size * size, [&](Index j) {
    double* target = product.col(j);
    for (Index k = 0; k <= j; ++k) {
      const double factor = b(k, j), *column = a.col(k);
      for (Index i = 0; i < n; ++i) target[i] += factor * column[i];
    }
  });
  return product;
}

/// a b for the lower triangle of a symmetric a.
Vector symmetric_times(const Matrix& a, const Vector& b) {
  Vector product(b.size(), 0.0);
  for (Index j = 0; j < a.rows(); ++j) {
    product[as_size(j)] += a(j, j) * b[as_size(j)];
    for (Index i = j + 1; i < a.rows(); ++i) {
      product[as_size(i)] += a(i, j) * b[as_size(j)];
      product[as_size(j)] += a(i, j) * b[as_size(i)];
    }
  }
  return product;
}

}  // namespace

FirthObjective::FirthObjective(const LogisticProblem& problem)
    : scaled_(problem), intercept_(problem.intercept), n_reads_(1) {}

Vector FirthObjective::start() const {
  Vector parameters(as_size(data().size()), 0.0);
  if (!intercept_) return parameters;
  const Vector logits = logits_of_shares(data());
  const Index m = data().design.cols();
  for (Index v = 0; v < data().n_vectors(); ++v) parameters[as_size(v * m + m - 1)] = logits[as_size(v)];
  return parameters;
}

bool FirthObjective::evaluate(const Vector& parameters) {
  parameters_ = parameters;
  loss_ = evaluate_loss(data(), parameters, HessianPart::full);
  ++n_reads_;
  const Index m = data().design.cols(), vectors = data().n_vectors();
  double log_determinant = 0;
  // With g added to all of a column's entries, K vectors, the determinant is that of contrasts that are orthogonal times K g, and that is K times the one of contrasts with one class.
  for (Index j = 0; vectors > 1 && j < m; ++j) {
    const double added = fix_gauge(loss_.hessian, j, m, vectors);
    log_determinant -= std::log(added) + 2 * std::log(static_cast<double>(vectors));
  }
  factor_ = Cholesky::factor(loss_.hessian);
  if (factor_ && !(factor_->condition() < max_information_condition)) factor_.reset();
  if (!factor_) return false;
  log_determinant += factor_->log_determinant();
  value_ = loss_.loss - 0.5 * log_determinant;
  return std::isfinite(value_);
}

double FirthObjective::value_in_own_units() const {
  double value = value_;
  const auto contrasts = static_cast<double>(std::max<Index>(1, data().n_vectors() - 1));
  for (Index j = 0; j < data().design.features.cols; ++j)
    value += contrasts * std::log(data().design.scale[as_size(j)]);
  return value;
}

void FirthObjective::differentiate() {
  root_ = factor_->inverse_root();
  root_columns_.emplace(data(), root_, true);
  const JeffreysTerms prior = jeffreys_terms(data(), parameters_, *root_columns_);
  ++n_reads_;
  const Index size = data().size();
  gradient_ = loss_.gradient;
  Matrix curvature(size, size);
  for (Index j = 0; j < size; ++j) {
    gradient_[as_size(j)] -= prior.gradient[as_size(j)];
    for (Index i = j; i < size; ++i) curvature(i, j) = loss_.hessian(i, j) + prior.curvature(i, j);
  }
  held_ = Cholesky::factor(curvature);
}

Vector FirthObjective::precondition(const Vector& vector) const {
  Matrix solution(data().size(), 1);
  std::copy(vector.begin(), vector.end(), solution.data());
  (held_ ? *held_ : *factor_).solve(solution);
  Vector result(solution.data(), solution.data() + data().size());
  take_out_mean(result);
  return result;
}

Vector FirthObjective::hessian_times(const Vector& direction) {
  Matrix moved = symmetric_times_triangle(information_change(data(), parameters_, direction), root_);
  factor_->solve(moved);
  const Vector prior =
      jeffreys_gradient_change(data(), parameters_, direction, *root_columns_, RootColumns(data(), moved, false));
  n_reads_ += 2;
  Vector image = symmetric_times(loss_.hessian, direction);
  for (std::size_t i = 0; i < image.size(); ++i) image[i] -= prior[i];
  take_out_mean(image);
  return image;
}

/// Rounding's, over classes.
void FirthObjective::take_out_mean(Vector& vector) const {
  const Index m = data().design.cols(), vectors = data().n_vectors();
  for (Index j = 0; vectors > 1 && j < m; ++j) {
    double mean = 0;
    for (Index v = 0; v < vectors; ++v) mean += vector[as_size(v * m + j)] / static_cast<double>(vectors);
    for (Index v = 0; v < vectors; ++v) vector[as_size(v * m + j)] -= mean;
  }
}

double FirthObjective::movement(const Vector& step) const {
  double sum = 0;
  for (std::size_t i = 0; i < step.size(); ++i) sum += std::fabs(step[i]) * scaled_.reach[i % scaled_.reach.size()];
  return sum;
}

}  // namespace crowfly
