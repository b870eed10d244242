// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/polynomial.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "linalg/cholesky.hpp"
#include "linalg/factor.hpp"
#include "linalg/pair.hpp"
#include "linalg/row_block.hpp"

namespace crowfly {
namespace {

constexpr int max_refinements = 12;
/// Sums smaller than this part of their magnitudes are zero to the precision of pairs.
constexpr double negligible = 0x1p-96;

using PairVector = std::vector<Pair>;

Pair times(Pair a, Pair b) {
  const Pair high = Pair::product(a.high, b.high);
  return Pair::sum(high.high, high.low + (a.high * b.low + a.low * b.high));
}

Pair sum_of_products(const PairVector& a, const PairVector& b) {
  Pair sum;
  for (std::size_t k = 0; k < a.size(); ++k) sum += times(a[k], b[k]);
  return sum;
}

/// Values of T_0 ... T_degree at z, all in twice the precision.
void chebyshev_values(Pair z, PairVector& values) {
  values[0] = 1.0;
  if (values.size() > 1) values[1] = z;
  const Pair twice = z * 2.0;
  for (std::size_t k = 2; k < values.size(); ++k) values[k] = times(twice, values[k - 1]) - values[k - 2];
}

struct Interval {
  double centre = 0, inverse_range = 1;
  [[nodiscard]] Pair map(double x) const { return Pair::sum(x, -centre) * inverse_range; }
};

Interval interval_of(const MatrixView& x) {
  double low = x.at(0, 0), high = low;
  for (Index i = 1; i < x.rows; ++i) {
    low = std::min(low, x.at(i, 0));
    high = std::max(high, x.at(i, 0));
  }
  Interval interval;
  interval.centre = low / 2 + high / 2;
  const double half = std::max(high - interval.centre, interval.centre - low);
  if (half > 0) interval.inverse_range = 1 / half;
  if (!std::isfinite(interval.inverse_range) || interval.inverse_range < std::numeric_limits<double>::min())
    throw InvalidArgument("x: a range that float64 can divide by expected; multiply x by a power of two");
  return interval;
}

/// Power coefficients from those of Chebyshev polynomials in z: row j gives the coefficient of x^j.
std::vector<PairVector> power_rows(Index degree, const Interval& interval) {
  const auto size = as_size(degree + 1);
  std::vector<PairVector> rows(size, PairVector(size));
  rows[0][0] = 1.0;
  const Pair slope = interval.inverse_range, constant = -Pair::product(interval.centre, interval.inverse_range);
  for (std::size_t k = 1; k < size; ++k) {
    const double factor = k == 1 ? 1.0 : 2.0;
    for (std::size_t j = 0; j <= k; ++j) {
      Pair value = times(constant, rows[j][k - 1]);
      if (j > 0) value += times(slope, rows[j - 1][k - 1]);
      value = value * factor;
      if (k > 1) value -= rows[j][k - 2];
      rows[j][k] = value;
    }
  }
  return rows;
}

/// The rows of the problem as Chebyshev values, cut into parts by their number alone.
class Rows {
 public:
  Rows(const PolynomialProblem& problem, const Interval& interval)
      : problem_(problem),
        interval_(interval),
        partition_(RowPartition::for_vectors(problem.x.rows, 4 * (problem.degree + 1))) {}

  /// Calls `work(slot, i, values)` for all rows.
  template <class Work>
  void visit(Work work) const {
    const auto k = static_cast<double>(problem_.degree + 1);
    constexpr double operations_per_value = 100;
    for_each_slot(partition_, operations_per_value * k * static_cast<double>(problem_.x.rows),
                  [&](Index slot, Range range) {
                    PairVector values(as_size(problem_.degree + 1));
                    for_each_block(partition_, range, [&](Index begin, Index count) {
                      checkpoint();
                      for (Index i = begin; i < begin + count; ++i) {
                        chebyshev_values(interval_.map(problem_.x.at(i, 0)), values);
                        work(slot, i, values);
                      }
                    });
                  });
  }
  [[nodiscard]] Index slots() const noexcept { return partition_.slots; }
  [[nodiscard]] double weight(Index i) const noexcept {
    return problem_.weights == nullptr ? 1.0 : problem_.weights[i];
  }

 private:
  const PolynomialProblem& problem_;
  const Interval& interval_;
  RowPartition partition_;
};

/// Triangle of the weighted Chebyshev columns, reduced by Householder transformations in each part and once more over the parts.
Matrix triangle_of(const Rows& rows, Index size) {
  struct Part {
    Matrix stacked;
    Index filled = 0;
  };
  const Index chunk = std::max<Index>(512, 4 * size);
  std::vector<Part> parts(as_size(rows.slots()));
  const auto reduce = [size](Part& part) {
    if (part.filled <= size) return;
    const Matrix triangle = qr_triangle(part.stacked.block(0, part.filled, 0, size));
    for (Index j = 0; j < size; ++j) std::copy_n(triangle.col(j), size, part.stacked.col(j));
    part.filled = size;
  };
  rows.visit([&](Index slot, Index i, const PairVector& values) {
    Part& part = parts[as_size(slot)];
    if (part.stacked.rows() == 0) part.stacked = Matrix(chunk + size, size);
    if (part.filled == part.stacked.rows()) reduce(part);
    const double root = std::sqrt(rows.weight(i));
    for (Index j = 0; j < size; ++j) part.stacked(part.filled, j) = root * values[as_size(j)].high;
    ++part.filled;
  });
  Index total = 0;
  for (Part& part : parts) {
    reduce(part);
    total += part.filled;
  }
  Matrix all(std::max(total, size), size);
  Index next = 0;
  for (const Part& part : parts) {
    for (Index j = 0; j < size; ++j) std::copy_n(part.stacked.col(j), part.filled, all.col(j) + next);
    next += part.filled;
  }
  return qr_triangle(std::move(all));
}

class Fit {
 public:
  explicit Fit(const PolynomialProblem& problem)
      : problem_(problem),
        size_(problem.degree + 1),
        interval_(interval_of(problem.x)),
        rows_(problem_, interval_),
        powers_(power_rows(problem.degree, interval_)),
        solution_(as_size(size_)),
        scale_(target_scale()) {}

  PolynomialFit run() {
    const Matrix triangle = triangle_of(rows_, size_);
    check_rank(triangle);
    auto factor = Cholesky::from_triangle(triangle);
    if (!factor) throw too_few_values();
    refine(*factor);
    PolynomialFit fit;
    fit.condition = std::sqrt(factor->condition());
    fit.centre = interval_.centre;
    fit.inverse_range = interval_.inverse_range;
    for (const PairVector& row : powers_) fit.coef.push_back(rounded(row) / scale_);
    for (const Pair value : solution_) fit.chebyshev.push_back(value * (1 / scale_));
    Matrix transformation(size_, size_);
    for (Index j = 0; j < size_; ++j) {
      for (Index k = 0; k < size_; ++k) transformation(j, k) = powers_[as_size(j)][as_size(k)].high;
    }
    const Matrix lengths = divided_by_triangle(transformation, triangle);
    for (Index j = 0; j < size_; ++j) {
      double square = 0;
      for (Index k = 0; k < size_; ++k) square += lengths(j, k) * lengths(j, k);
      fit.lengths.push_back(std::sqrt(square));
    }
    sum_squares(fit);
    return fit;
  }

 private:
  [[nodiscard]] InvalidArgument too_few_values() const {
    return InvalidArgument(
        "x: at least degree + 1 distinct values expected (with positive weight), far enough apart for the degree " +
        std::to_string(problem_.degree));
  }

  void check_rank(const Matrix& triangle) const {
    if (problem_.x.rows < size_) throw too_few_values();
    const LeastSquaresSolution solution = solve_pivoted(triangle.copy(), Matrix(size_, 0), Vector(as_size(size_), 1.0));
    if (solution.rank < size_) throw too_few_values();
  }

  /// A power of two that keeps squares of y in range.
  [[nodiscard]] double target_scale() const {
    double largest = 0;
    for (Index i = 0; i < problem_.y.rows; ++i) largest = std::max(largest, std::fabs(problem_.y.at(i, 0)));
    return largest > 0 ? std::min(std::ldexp(1.0, -std::ilogb(largest)), 0x1p1000) : 1.0;
  }

  [[nodiscard]] Pair residual(Index i, const PairVector& values) const {
    return Pair(problem_.y.at(i, 0) * scale_) - sum_of_products(values, solution_);
  }

  /// The same for sums of squares, where an exact fit is to leave nothing.
  [[nodiscard]] Pair clean_residual(Index i, const PairVector& values) const {
    const Pair r = residual(i, values);
    double magnitude = 0;
    for (std::size_t k = 0; k < values.size(); ++k) magnitude += std::fabs(values[k].high * solution_[k].high);
    return std::fabs(r.high) <= negligible * magnitude ? Pair() : r;
  }

  [[nodiscard]] PairVector gradient() const {
    std::vector<PairVector> parts(as_size(rows_.slots()), PairVector(as_size(size_)));
    rows_.visit([&](Index slot, Index i, const PairVector& values) {
      const Pair r = residual(i, values) * rows_.weight(i);
      PairVector& part = parts[as_size(slot)];
      for (std::size_t k = 0; k < part.size(); ++k) part[k] += times(values[k], r);
    });
    PairVector result(as_size(size_));
    for (const PairVector& part : parts) {
      for (std::size_t k = 0; k < result.size(); ++k) result[k] += part[k];
    }
    return result;
  }

  /// Ends when the next correction can't move a power's coefficient by more than 2^-60 of it.
  void refine(const Cholesky& factor) {
    double previous = std::numeric_limits<double>::infinity();
    for (int pass = 0; pass < max_refinements; ++pass) {
      const PairVector slope = gradient();
      Matrix step(size_, 1);
      for (Index k = 0; k < size_; ++k) step(k, 0) = slope[as_size(k)].high;
      factor.solve(step);
      double size = 0;
      for (Index k = 0; k < size_; ++k) size = std::max(size, std::fabs(step(k, 0)));
      if (!(size < 0.5 * previous)) return;
      for (Index k = 0; k < size_; ++k) solution_[as_size(k)] += step(k, 0);
      const double contraction = pass > 0 ? size / previous : 1.0;
      previous = size;
      if (largest_change(step) * contraction < 0x1p-60) return;
    }
  }

  /// Largest relative change of a power's coefficient that is not zero but for rounding.
  [[nodiscard]] double largest_change(const Matrix& step) const {
    double worst = 0;
    for (const PairVector& row : powers_) {
      double moved = 0;
      for (Index k = 0; k < size_; ++k) moved += std::fabs(row[as_size(k)].high * step(k, 0));
      const double value = std::fabs(rounded(row));
      if (value > 0) worst = std::max(worst, moved / value);
    }
    return worst;
  }

  /// A power's coefficient; zero where it is one to the precision of the Chebyshev coefficients, whose errors are parts of the largest of them.
  [[nodiscard]] double rounded(const PairVector& row) const {
    double largest = 0, reach = 0;
    for (const Pair value : solution_) largest = std::max(largest, std::fabs(value.high));
    for (const Pair entry : row) reach += std::fabs(entry.high);
    const double value = sum_of_products(row, solution_).high;
    return std::fabs(value) <= negligible * reach * largest ? 0.0 : value;
  }

  void sum_squares(PolynomialFit& fit) const {
    struct Part {
      Pair residuals, targets, target_squares, weight;
    };
    std::vector<Part> parts(as_size(rows_.slots()));
    const double origin = problem_.y.at(0, 0) * scale_;
    rows_.visit([&](Index slot, Index i, const PairVector& values) {
      Part& part = parts[as_size(slot)];
      const Pair r = clean_residual(i, values), y = Pair::sum(problem_.y.at(i, 0) * scale_, -origin);
      part.residuals += times(r, r) * rows_.weight(i);
      part.targets += y * rows_.weight(i);
      part.target_squares += times(y, y) * rows_.weight(i);
      part.weight += rows_.weight(i);
    });
    Part all;
    for (const Part& part : parts) {
      all.residuals += part.residuals;
      all.targets += part.targets;
      all.target_squares += part.target_squares;
      all.weight += part.weight;
    }
    const double about = all.targets.high / all.weight.high;
    const Pair mean = Pair::sum(about, (all.targets - all.weight * about).high / all.weight.high);
    fit.residual_sum = std::max(0.0, all.residuals.high) / scale_ / scale_;
    fit.total_sum = std::max(0.0, (all.target_squares - times(all.targets, mean)).high) / scale_ / scale_;
  }

  const PolynomialProblem& problem_;
  Index size_;
  Interval interval_;
  Rows rows_;
  std::vector<PairVector> powers_;
  PairVector solution_;
  double scale_;
};

}  // namespace

PolynomialFit fit_polynomial(const PolynomialProblem& problem) {
  check(problem.degree >= 0 && problem.x.rows >= 1 && problem.y.rows == problem.x.rows);
  return Fit(problem).run();
}

void evaluate_polynomial(const MatrixView& x, const PairVector& chebyshev, double centre, double inverse_range,
                         double* out) {
  const Interval interval{centre, inverse_range};
  const auto partition = RowPartition::for_vectors(x.rows, 1);
  constexpr double operations_per_term = 40;
  const double operations = static_cast<double>(x.rows) * operations_per_term * static_cast<double>(chebyshev.size());
  for_each_slot(partition, operations, [&](Index, Range range) {
    for_each_block(partition, range, [&](Index begin, Index count) {
      checkpoint();
      for (Index i = begin; i < begin + count; ++i) {
        const Pair z = interval.map(x.at(i, 0)), twice = z * 2.0;
        Pair next, after;
        for (std::size_t k = chebyshev.size() - 1; k > 0; --k) {
          const Pair value = chebyshev[k] + times(twice, next) - after;
          after = next;
          next = value;
        }
        out[i] = (chebyshev[0] + times(z, next) - after).high;
      }
    });
  });
}

}  // namespace crowfly
