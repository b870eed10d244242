// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/coarse_loss.hpp"

#include <algorithm>
#include <cmath>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "kernels/dispatch.hpp"
#include "linalg/coarse_gram.hpp"
#include "linear_model/logistic_rows.hpp"

namespace crowfly {
namespace {

/// The Hessian's size, and the columns beyond which its rows are shared out inside blocks.
constexpr Index max_size = 4000, narrow_cols = 192, wide_cols = 1000;
/// Of all parts' sums together; parts there are at least so many.
constexpr double most_bytes = 16.0 * 1024 * 1024;
constexpr Index min_parts = 4, max_parts = 16, min_part_rows = 1024;

}  // namespace

/// One slot's sums, and how a block is added to them.
class CoarseLoss::Part {
 public:
  Part(const LogisticData& data, Index block_rows, bool hessian, double root_scale)
      : data_(data),
        vectors_(data.n_vectors()),
        root_scale_(root_scale),
        block_(block_rows, data.design.cols()),
        rows_(block_rows, vectors_),
        roots_(round_up(block_rows, kernels::row_padding)),
        gradient_(block_.padded_cols() * vectors_) {
    if (!hessian) return;
    const Index cols = data.design.cols();
    for (Index v = 0; v < vectors_; ++v) {
      if (v == 0 || vectors_ > 1) own_.emplace_back(block_rows, cols);
      if (vectors_ > 1) shared_.emplace_back(block_rows, cols);
      for (Index u = v; u < vectors_; ++u) sums_.emplace_back(cols);
    }
  }

  void clear() {
    gradient_.fill_zero();
    summary_ = {};
    for (CoarseGramSum& sum : sums_) sum.clear();
  }

  /// `roots`, if not null, gets the scaled roots of the curvatures of two classes.
  void add(Index begin, Index count, const AlignedBuffer<double>& parameters, double* roots) {
    block_.load(data_.design, begin, count);
    rows_.resize(count);
    const Index padded = block_.padded_cols();
    for (Index v = 0; v < vectors_; ++v) block_.times_vector(parameters.data() + v * padded, rows_.eta(v));
    rows_.evaluate(data_.classes, data_.weights, begin, count, summary_);
    for (Index v = 0; v < vectors_; ++v) {
      block_.add_transposed_times_vector(rows_.residual(v), gradient_.data() + v * padded);
    }
    if (!sums_.empty()) add_hessian(begin, count);
    if (roots != nullptr) root_of(rows_.curvature(0, 0), roots, count);
  }

  /// A block of the Hessian's sum alone, in place of `add`.
  void add_rows(Index begin, Index count, const double* roots) {
    block_.load(data_.design, begin, count);
    roots_.fill_zero();
    std::copy_n(roots, count, roots_.data());
    own_[0].assign_scaled(block_, roots_.data());
    sums_[0].add(own_[0]);
  }

  void merge(const Part& other) {
    summary_.merge(other.summary_);
    for (Index i = 0; i < gradient_.size(); ++i) gradient_[i] += other.gradient_[i];
    for (std::size_t i = 0; i < sums_.size(); ++i) sums_[i].add(other.sums_[i]);
  }

  [[nodiscard]] LossValue value() const {
    const Index m = data_.design.cols();
    LossValue result;
    result.loss = summary_.loss;
    result.smallest_margin = summary_.smallest_margin;
    result.largest_margin = summary_.largest_margin;
    result.curvature = summary_.curvature;
    result.residual = summary_.residual;
    result.gradient.resize(as_size(data_.size()));
    for (Index v = 0; v < vectors_; ++v) {
      std::copy_n(gradient_.data() + v * block_.padded_cols(), m, result.gradient.data() + v * m);
    }
    return result;
  }

  /// Entry (i, j), i <= j, of the Hessian.
  [[nodiscard]] double entry(Index i, Index j) const {
    const Index m = data_.design.cols(), v = i / m, u = j / m;
    // Vectors before v have vectors_, vectors_ - 1, ... pairs.
    const Index pair = v * vectors_ - v * (v - 1) / 2 + (u - v);
    const double value = sums_[as_size(pair)].at(i % m, j % m) / (root_scale_ * root_scale_);
    return u == v ? value : -value;
  }

 private:
  void root_of(const double* curvature, double* roots, Index count) const {
    for (Index k = 0; k < count; ++k) roots[k] = root_scale_ * std::sqrt(curvature[k]);
  }

  void add_hessian(Index begin, Index count) {
    const Index padded = rows_.padded();
    for (Index v = 0; v < vectors_; ++v) {
      root_of(rows_.curvature(v, v), roots_.data(), padded);
      own_[as_size(v)].assign_scaled(block_, roots_.data());
      if (vectors_ == 1) continue;
      for (Index k = 0; k < padded; ++k) {
        const double weight = k >= count ? 0.0 : data_.weights == nullptr ? 1.0 : data_.weights[begin + k];
        roots_[k] = root_scale_ * std::sqrt(weight) * rows_.eta(v)[k];
      }
      shared_[as_size(v)].assign_scaled(block_, roots_.data());
    }
    auto sum = sums_.begin();
    for (Index v = 0; v < vectors_; ++v) {
      sum++->add(own_[as_size(v)]);
      for (Index u = v + 1; u < vectors_; ++u) sum++->add(shared_[as_size(v)], shared_[as_size(u)]);
    }
  }

  const LogisticData& data_;
  Index vectors_;
  double root_scale_;
  RowBlock block_;
  LogisticRows rows_;
  AlignedBuffer<double> roots_, gradient_;
  std::vector<CoarseRows> own_, shared_;  ///< rows times roots of the curvature, and times probabilities
  std::vector<CoarseGramSum> sums_;
  LossSummary summary_;
};

CoarseLoss::CoarseLoss(const LogisticData& data) : data_(data), root_scale_(1) {
  wide_ = data.design.cols() > wide_cols;
  if (data.weights != nullptr) {
    const double largest = *std::max_element(data.weights, data.weights + data.design.rows());
    root_scale_ = std::ldexp(1.0, -(std::ilogb(largest) / 2 + 1));
  }
}

CoarseLoss::~CoarseLoss() = default;

bool CoarseLoss::serves(const LogisticData& data) {
  return data.size() <= max_size && (data.n_vectors() == 1 || data.design.cols() <= wide_cols);
}

double CoarseLoss::gradient_chain(const LogisticData& data) {
  double longest = 0;
  for (const bool hessian : {false, true}) {
    const RowPartition rows = partition(data, hessian);
    longest = std::max(longest, static_cast<double>(ceil_div(rows.n_rows, rows.slots) + rows.slots));
  }
  return longest;
}

RowPartition CoarseLoss::partition(const LogisticData& data, bool hessian) {
  const Index n = data.design.rows(), cols = data.design.cols();
  RowPartition partition = RowPartition::for_vectors(n, cols);
  if (!hessian) {
    partition.slots = std::min(partition.slots, max_parts);
    return partition;
  }
  const auto m = static_cast<double>(cols), v = static_cast<double>(data.n_vectors());
  const auto affordable = static_cast<Index>(most_bytes / (4 * m * m * v * (v + 1) / 2));
  const Index most = std::clamp(affordable, min_parts, max_parts);
  return {n, std::clamp<Index>(n / min_part_rows, 1, most), cols <= narrow_cols ? 128 : 256};
}

LossValue CoarseLoss::evaluate(const Vector& parameters, bool hessian) {
  const AlignedBuffer<double> padded = padded_parameters(data_, parameters);
  if (!wide_ || !hessian) return sum_parts(padded, hessian);
  if (roots_.size() == 0) roots_ = AlignedBuffer<double>(data_.design.rows());
  LossValue value = sum_parts(padded, true);
  sum_wide_hessian();
  return value;
}

LossValue CoarseLoss::sum_parts(const AlignedBuffer<double>& parameters, bool hessian) {
  const bool fused = hessian && !wide_;
  const RowPartition rows = partition(data_, fused);
  auto& parts = fused ? hessians_ : gradients_;
  parts.resize(as_size(rows.slots));
  double* const roots = hessian && wide_ ? roots_.data() : nullptr;
  const auto n = static_cast<double>(data_.design.rows()), m = static_cast<double>(data_.design.cols());
  for_each_slot(rows, n * m * static_cast<double>(data_.n_vectors()), [&](Index slot, Range range) {
    auto& part = parts[as_size(slot)];
    if (!part) part = std::make_unique<Part>(data_, rows.block_rows, fused, root_scale_);
    part->clear();
    for_each_block(rows, range, [&](Index begin, Index count) {
      checkpoint();
      part->add(begin, count, parameters, roots == nullptr ? nullptr : roots + begin);
    });
  });
  for (std::size_t i = 1; i < parts.size(); ++i) parts[0]->merge(*parts[i]);
  return parts[0]->value();
}

/// Many columns: one sum, blocks of many rows so that it is read and written seldom, work shared out inside each.
void CoarseLoss::sum_wide_hessian() {
  constexpr Index block_rows = 1024;
  if (!wide_hessian_) wide_hessian_ = std::make_unique<Part>(data_, block_rows, true, root_scale_);
  wide_hessian_->clear();
  for (Index begin = 0; begin < data_.design.rows(); begin += block_rows) {
    checkpoint();
    wide_hessian_->add_rows(begin, std::min(block_rows, data_.design.rows() - begin), roots_.data() + begin);
  }
}

double CoarseLoss::entry(Index i, Index j) const { return (wide_ ? wide_hessian_ : hessians_[0])->entry(i, j); }

std::optional<Cholesky> CoarseLoss::factor(const Vector& penalty) const {
  const Index m = data_.design.cols(), vectors = data_.n_vectors();
  Vector gauge(as_size(m), 0.0);
  if (vectors > 1) {
    for (Index i = 0; i < data_.size(); ++i) {
      gauge[as_size(i % m)] = std::max(gauge[as_size(i % m)], entry(i, i) + penalty[as_size(i % m)]);
    }
  }
  return Cholesky::of_entries(data_.size(), [&](Index i, Index j) {
    const Index col = i % m;
    return entry(i, j) + (i == j ? penalty[as_size(col)] : 0.0) + (col == j % m ? gauge[as_size(col)] : 0.0);
  });
}

}  // namespace crowfly
