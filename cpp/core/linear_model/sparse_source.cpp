// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/cancel.hpp"
#include "base/parallel.hpp"
#include "linalg/pair.hpp"
#include "linear_model/sparse_columns.hpp"

namespace crowfly {
namespace {

constexpr double unit_roundoff = std::numeric_limits<double>::epsilon() / 2;

/// Columns handed to one task.
constexpr Index columns_per_task = 256;

double weighted_product(const Vector& a, const Vector& b, const Vector& share) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += share[i] * a[i] * b[i];
  return sum;
}

/// Takes the weighted mean away.
void centre(Vector& values, const Vector& share) {
  Pair sum;
  for (std::size_t i = 0; i < values.size(); ++i) sum += Pair::product(share[i], values[i]);
  for (double& value : values) value -= sum.high;
}

class SparseSource final : public CorrelationSource {
 public:
  SparseSource(const SparseColumns& columns, Index target)
      : columns_(columns),
        target_(columns.target(target)),
        target_square_(weighted_product(target_, target_, columns.share())),
        scratch_(as_size(columns.n_features()), 0.0),
        scattered_(as_size(columns.n_rows()), 0.0) {
    cross_ = transposed_times(target_);
    const double mean = columns.mean()[as_size(n_features() + target)];
    for (Index j = 0; j < n_features(); ++j) cross_[as_size(j)] -= columns.mean()[as_size(j)] * mean;
  }

  [[nodiscard]] Index n_features() const noexcept override { return columns_.n_features(); }
  [[nodiscard]] double square(Index j) const noexcept override { return columns_.square(j); }
  [[nodiscard]] double length(Index j) const noexcept override { return columns_.length(j); }
  [[nodiscard]] double target_square() const noexcept override { return target_square_; }
  [[nodiscard]] double cross(Index j) const noexcept override { return cross_[as_size(j)]; }

  [[nodiscard]] Vector take(Index j) override {
    const SparseView columns = columns_.columns(), rows = columns_.rows();
    const SparseRow column = columns.row(j);
    Index along_rows = 0;
    for (const std::int32_t i : column.columns) along_rows += static_cast<Index>(rows.row(i).columns.size());
    entries_taken_ += static_cast<Index>(column.columns.size());
    taken_.push_back(j);
    Vector products = along_rows < entries_taken_ ? products_along_rows(column) : products_along_columns(column);
    const Vector& mean = columns_.mean();
    for (std::size_t k = 0; k < taken_.size(); ++k) products[k] -= mean[as_size(taken_[k])] * mean[as_size(j)];
    products.back() = square(j);
    return products;
  }

  [[nodiscard]] Correlations correlations(const Vector& coef) const override {
    const SparseView columns = columns_.columns();
    Vector residual = target_;
    double constant = 0, reach = std::sqrt(target_square_);
    Index terms = 0;
    for (std::size_t k = 0; k < taken_.size(); ++k) {
      if (coef[k] == 0) continue;
      add(columns.row(taken_[k]), -coef[k], residual.data());
      constant += coef[k] * columns_.mean()[as_size(taken_[k])];
      reach += std::fabs(coef[k]) * length(taken_[k]);
      ++terms;
    }
    if (columns_.centred()) {
      for (double& value : residual) value += constant;
      centre(residual, columns_.share());
    }
    Correlations result;
    result.residual_square = weighted_product(residual, residual, columns_.share());
    result.values = transposed_times(residual);
    // The residual: a sum of that many terms per row, as many in the constant, stored values, means and shares of the weight rounded.
    const double root = std::sqrt(result.residual_square);
    const double off = unit_roundoff * static_cast<double>(2 * terms + 16) * reach;
    result.error = unit_roundoff * static_cast<double>(columns_.longest() + 8) * root + off;
    result.square_error =
        unit_roundoff * static_cast<double>(columns_.n_rows() + 8) * result.residual_square + (2 * root + off) * off;
    return result;
  }

 private:
  [[nodiscard]] Vector transposed_times(const Vector& values) const {
    const SparseView columns = columns_.columns();
    Vector weighted = values, result(as_size(n_features()));
    for (std::size_t i = 0; i < weighted.size(); ++i) weighted[i] *= columns_.share()[i];
    const auto operations = static_cast<double>(columns.n_entries() + n_features());
    parallel_for_ranges(n_features(), columns_per_task, operations, [&](Range range) {
      checkpoint();
      for (Index j = range.begin; j < range.end; ++j) result[as_size(j)] = dot(columns.row(j), weighted.data());
    });
    return result;
  }

  /// Products with all columns, of which those taken are kept.
  [[nodiscard]] Vector products_along_rows(const SparseRow& column) {
    const SparseView rows = columns_.rows();
    for (std::size_t e = 0; e < column.columns.size(); ++e) {
      const auto i = static_cast<std::size_t>(column.columns[e]);
      add(rows.row(column.columns[e]), columns_.share()[i] * column.values[e], scratch_.data());
    }
    Vector products;
    products.reserve(taken_.size());
    for (const Index k : taken_) products.push_back(scratch_[as_size(k)]);
    for (const std::int32_t i : column.columns) {
      for (const std::int32_t k : rows.row(i).columns) scratch_[static_cast<std::size_t>(k)] = 0;
    }
    return products;
  }

  [[nodiscard]] Vector products_along_columns(const SparseRow& column) {
    const SparseView columns = columns_.columns();
    for (std::size_t e = 0; e < column.columns.size(); ++e) {
      const auto i = static_cast<std::size_t>(column.columns[e]);
      scattered_[i] = columns_.share()[i] * column.values[e];
    }
    Vector products;
    products.reserve(taken_.size());
    for (const Index k : taken_) products.push_back(dot(columns.row(k), scattered_.data()));
    for (const std::int32_t i : column.columns) scattered_[static_cast<std::size_t>(i)] = 0;
    return products;
  }

  const SparseColumns& columns_;
  const Vector& target_;
  double target_square_;
  Vector cross_;
  std::vector<Index> taken_;
  Index entries_taken_ = 0;
  Vector scratch_, scattered_;  ///< zeros between calls
};

}  // namespace

std::unique_ptr<CorrelationSource> sparse_source(const SparseColumns& columns, Index target) {
  return std::make_unique<SparseSource>(columns, target);
}

double sparse_gram_work(const SparseColumns& columns) noexcept {
  double work = 0;
  const SparseView rows = columns.rows();
  for (Index i = 0; i < rows.rows; ++i) {
    const auto entries = static_cast<double>(rows.row(i).columns.size());
    work += 0.5 * entries * entries;
  }
  return work;
}

NormalisedGram sparse_gram(const SparseColumns& columns) {
  const Index p = columns.n_features(), t = columns.n_targets();
  const SparseView by_column = columns.columns(), by_row = columns.rows();
  const Vector &share = columns.share(), &mean = columns.mean();
  NormalisedGram result(p, t);
  result.mean = mean;
  result.total_weight = 1;
  result.chain = static_cast<double>(columns.longest() + 8);
  parallel_for_work(p, sparse_gram_work(columns), [&](Index j) {
    checkpoint();
    const SparseRow column = by_column.row(j);
    double* products = result.gram.col(j);
    for (std::size_t e = 0; e < column.columns.size(); ++e) {
      const std::int32_t i = column.columns[e];
      const double factor = share[static_cast<std::size_t>(i)] * column.values[e];
      const SparseRow row = by_row.row(i);
      for (std::size_t k = 0; k < row.columns.size() && row.columns[k] <= j; ++k) {
        products[row.columns[k]] += factor * row.values[k];
      }
      for (Index target = 0; target < t; ++target) {
        result.cross(j, target) += factor * columns.target(target)[static_cast<std::size_t>(i)];
      }
    }
    for (Index k = 0; k < j; ++k) products[k] -= mean[as_size(k)] * mean[as_size(j)];
    products[j] = columns.square(j);
    for (Index target = 0; target < t; ++target) {
      result.cross(j, target) -= mean[as_size(j)] * mean[as_size(p + target)];
    }
    result.length[as_size(j)] = columns.length(j);
  });
  for (Index j = 0; j < p; ++j) {
    for (Index i = 0; i < j; ++i) result.gram(j, i) = result.gram(i, j);
  }
  for (Index target = 0; target < t; ++target) {
    result.square_of_target[as_size(target)] =
        std::max(0.0, weighted_product(columns.target(target), columns.target(target), share) -
                          mean[as_size(p + target)] * mean[as_size(p + target)]);
  }
  return result;
}

}  // namespace crowfly
