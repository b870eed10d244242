// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/cancel.hpp"
#include "kernels/dispatch.hpp"
#include "linear_model/correlation_source.hpp"

namespace crowfly {
namespace {

constexpr double unit_roundoff = std::numeric_limits<double>::epsilon() / 2;

double sum_of_squares(const AlignedBuffer<double>& values) {
  double sum = 0;
  for (Index i = 0; i < values.size(); ++i) sum += values[i] * values[i];
  return sum;
}

class ColumnSource final : public CorrelationSource {
 public:
  ColumnSource(const PackedColumns& columns, Index target)
      : columns_(columns), index_(target), target_(columns.target(target)), target_square_(sum_of_squares(target_)) {
    const AlignedBuffer<double> cross = columns.transposed_times(target_);
    cross_.assign(cross.data(), cross.data() + columns.n_features());
  }

  [[nodiscard]] Index n_features() const noexcept override { return columns_.n_features(); }
  [[nodiscard]] double square(Index j) const noexcept override { return columns_.square(j); }
  [[nodiscard]] double target_square() const noexcept override { return target_square_; }
  [[nodiscard]] double cross(Index j) const noexcept override { return cross_[as_size(j)]; }

  [[nodiscard]] Vector take(Index j) override {
    const Index n = target_.size(), width = columns_.block().width(), place = static_cast<Index>(taken_.size());
    if (place % width == 0) panels_.push_back(AlignedBuffer<double>::zeros(n * width));
    taken_.push_back(j);
    AlignedBuffer<double> column(n);
    const double* source = columns_.block().panel(j / width) + j % width;
    double* copy = panels_.back().data() + place % width;
    for (Index k = 0; k < n; ++k) copy[k * width] = column[k] = source[k * width];
    auto products = AlignedBuffer<double>::zeros(static_cast<Index>(panels_.size()) * width);
    for (std::size_t i = 0; i < panels_.size(); ++i) {
      kernels::active().panel_transposed_times_vector(panels_[i].data(), column.data(), n,
                                                      products.data() + static_cast<Index>(i) * width);
    }
    return {products.data(), products.data() + taken_.size()};
  }

  [[nodiscard]] Correlations correlations(const Vector& coef) const override {
    const Index n = target_.size(), width = columns_.block().width();
    auto fit = AlignedBuffer<double>::zeros(n);
    auto padded = AlignedBuffer<double>::zeros(static_cast<Index>(panels_.size()) * width);
    std::copy(coef.begin(), coef.end(), padded.data());
    for (std::size_t i = 0; i < panels_.size(); ++i) {
      kernels::active().panel_times_vector(panels_[i].data(), padded.data() + static_cast<Index>(i) * width, n,
                                           fit.data());
    }
    double length = 0;
    for (std::size_t k = 0; k < taken_.size(); ++k) length += std::fabs(coef[k]) * std::sqrt(square(taken_[k]));
    return columns_.correlations(index_, std::move(fit), length, static_cast<Index>(taken_.size()));
  }

 private:
  const PackedColumns& columns_;
  Index index_;
  const AlignedBuffer<double>& target_;
  double target_square_;
  Vector cross_;
  std::vector<Index> taken_;
  std::vector<AlignedBuffer<double>> panels_;  ///< columns of the features taken, packed as the data are
};

/// The features alone, with their shifts and scales.
Design features_of(const Design& design) {
  Design features(design.features, false, {});
  std::copy_n(design.shift.begin(), features.shift.size(), features.shift.begin());
  std::copy_n(design.scale.begin(), features.scale.size(), features.scale.begin());
  return features;
}

/// Panels handed to one task, so that it is worth its start.
Index panels_per_task(Index rows, Index width) {
  constexpr Index operations = 32768;
  return std::max<Index>(1, operations / std::max<Index>(1, rows * width));
}

}  // namespace

PackedColumns::PackedColumns(const Design& design, const double* weights, double total_weight)
    : p_(design.features.cols), block_(design.rows(), design.features.cols), square_(as_size(p_)) {
  const Index n = design.rows();
  block_.load(features_of(design), 0, n);
  auto root = AlignedBuffer<double>::zeros(block_.padded_rows());
  for (Index i = 0; i < n; ++i) root[i] = std::sqrt((weights == nullptr ? 1.0 : weights[i]) / total_weight);
  const Index width = block_.width();
  const double operations = static_cast<double>(block_.padded_rows()) * static_cast<double>(block_.padded_cols());
  parallel_for_work(block_.n_panels(), operations, [&](Index i) {
    checkpoint();
    double* panel = block_.panel(i);
    kernels::active().scale_panel_rows(panel, root.data(), block_.padded_rows(), panel);
    Vector squares(as_size(width), 0.0);
    for (Index k = 0; k < n; ++k) {
      for (Index c = 0; c < width; ++c) squares[as_size(c)] += panel[k * width + c] * panel[k * width + c];
    }
    for (Index c = 0; c < width && i * width + c < p_; ++c) square_[as_size(i * width + c)] = squares[as_size(c)];
  });
  for (Index t = 0; t < design.targets.cols; ++t) {
    auto target = AlignedBuffer<double>::zeros(block_.padded_rows());
    const Index column = design.first_target() + t;
    for (Index i = 0; i < n; ++i) {
      target[i] = (design.targets.at(i, t) - design.shift[as_size(column)]) * design.scale[as_size(column)] * root[i];
    }
    targets_.push_back(std::move(target));
  }
}

AlignedBuffer<double> PackedColumns::transposed_times(const AlignedBuffer<double>& r) const {
  const Index width = block_.width(), rows = block_.padded_rows(), step = panels_per_task(rows, width);
  auto result = AlignedBuffer<double>::zeros(block_.padded_cols());
  const double operations = static_cast<double>(rows) * static_cast<double>(block_.padded_cols());
  parallel_for_work(ceil_div(block_.n_panels(), step), operations, [&](Index task) {
    checkpoint();
    for (Index i = task * step; i < std::min(block_.n_panels(), (task + 1) * step); ++i) {
      kernels::active().panel_transposed_times_vector(block_.panel(i), r.data(), rows, result.data() + i * width);
    }
  });
  return result;
}

Correlations PackedColumns::correlations(Index t, const Vector& coef) const {
  auto padded = AlignedBuffer<double>::zeros(block_.padded_cols());
  auto fit = AlignedBuffer<double>::zeros(block_.padded_rows());
  double length = 0;
  Index terms = 0;
  for (Index j = 0; j < p_; ++j) {
    padded[j] = coef[as_size(j)];
    if (padded[j] == 0) continue;
    length += std::fabs(padded[j]) * std::sqrt(square(j));
    ++terms;
  }
  block_.times_vector(padded.data(), fit.data());
  return correlations(t, std::move(fit), length, terms);
}

Correlations PackedColumns::correlations(Index t, AlignedBuffer<double> fit, double length, Index terms) const {
  const AlignedBuffer<double>& y = target(t);
  for (Index i = 0; i < fit.size(); ++i) fit[i] = y[i] - fit[i];
  Correlations result;
  result.residual_square = sum_of_squares(fit);
  const AlignedBuffer<double> values = transposed_times(fit);
  result.values.assign(values.data(), values.data() + p_);
  const double root = std::sqrt(result.residual_square), chain = static_cast<double>(fit.size() + 8);
  const double off = unit_roundoff * static_cast<double>(terms + 8) * (length + std::sqrt(sum_of_squares(y)));
  result.error = unit_roundoff * chain * root + off;
  result.square_error = unit_roundoff * chain * result.residual_square + (2 * root + off) * off;
  return result;
}

std::unique_ptr<CorrelationSource> column_source(const PackedColumns& columns, Index target) {
  return std::make_unique<ColumnSource>(columns, target);
}

}  // namespace crowfly
