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

/// The Hessian's size, and the columns beyond which its work is shared out inside blocks of rows.
constexpr Index max_size = 4000, wide_cols = 1000;
/// Rows whose products are added up at a time: sums are read and written that seldom. They must stay in the second-level cache.
constexpr Index block_rows = 128;
/// Of all parts' sums together; parts there are at least so many.
constexpr double most_bytes = 16.0 * 1024 * 1024;
constexpr Index min_parts = 4, max_parts = 16, min_part_rows = 1024;
/// A diagonal of the Hessian counts one block of rows out of so many.
constexpr Index diagonal_stride = 8;
/// Numbers whose reading takes as long as a row's exponentials and logarithms per class, and multiply-adds of its gradient relative to those of a number.
constexpr double numbers_per_exponential = 12, share_of_gradient = 0.1;
/// Multiply-adds of a factor, in float64, per number read: 5k x 2000, 40 ms beside reads of 3.4 (Zen 4). Kernels without vectors, slower at both, are given the same, and so the same steps.
constexpr double factor_speed = 12;

/// A read without Hessian, in numbers of the caller's.
double numbers_read(const LogisticData& data) {
  const auto cols = static_cast<double>(data.design.cols()), vectors = static_cast<double>(data.n_vectors());
  return static_cast<double>(data.design.rows()) *
         (cols * (1 + share_of_gradient * vectors) + numbers_per_exponential * vectors);
}

}  // namespace

/// One slot's sums, and how a block is added to them.
class CoarseLoss::Part {
 public:
  Part(const LogisticData& data, Index block_rows, Index packed_rows, double root_scale)
      : data_(data),
        vectors_(data.n_vectors()),
        root_scale_(root_scale),
        block_(block_rows, data.design.cols()),
        rows_(block_rows, vectors_),
        roots_(round_up(block_rows, kernels::row_padding)),
        gradient_(block_.padded_cols() * vectors_),
        unscaled_(round_up(data.design.cols(), kernels::row_padding)) {
    if (packed_rows == 0) return;
    const Index cols = data.design.cols();
    for (Index v = 0; v < vectors_; ++v) {
      if (v == 0 || vectors_ > 1) own_.emplace_back(packed_rows, cols);
      if (vectors_ > 1) shared_.emplace_back(packed_rows, cols);
      for (Index u = v; u < vectors_; ++u) sums_.emplace_back(cols);
    }
  }

  void clear(bool measure_reach) {
    gradient_.fill_zero();
    unscaled_.fill_zero();
    reach_ = measure_reach ? AlignedBuffer<double>::zeros(block_.padded_cols()) : AlignedBuffer<double>();
    summary_ = {};
    hessian_rows_ = 0;
    diagonal_rows_ = 0;
    diagonal_.assign(0, 0.0);
    for (CoarseGramSum& sum : sums_) sum.clear();
  }

  /// `hessian`: these rows count for it, too.
  void add(Index begin, Index count, const AlignedBuffer<double>& parameters, bool hessian) {
    block_.load(data_.design, begin, count);
    rows_.resize(count);
    for (Index i = 0; reach_.size() > 0 && i < block_.n_panels(); ++i) {
      kernels::active().panel_max_abs(block_.panel(i), block_.padded_rows(), reach_.data() + i * block_.width());
    }
    const Index padded = block_.padded_cols();
    for (Index v = 0; v < vectors_; ++v) block_.times_vector(parameters.data() + v * padded, rows_.eta(v));
    rows_.evaluate(data_.classes, data_.weights, begin, count, summary_);
    for (Index v = 0; v < vectors_; ++v) {
      block_.add_transposed_times_vector(rows_.residual(v), gradient_.data() + v * padded);
    }
    if (hessian) add_hessian(begin, count);
  }

  /// The same of one vector, without a Hessian, its parameters being those of `unpacked`.
  void add_unpacked(Index begin, Index count, const UnpackedDesign& unpacked) {
    rows_.resize(count);
    double* eta = rows_.eta(0);
    unpacked.times_parameters(begin, count, eta);
    std::fill(eta + count, eta + rows_.padded(), 0.0);
    rows_.evaluate(data_.classes, data_.weights, begin, count, summary_);
    unpacked.add_transposed(begin, count, rows_.residual(0), unscaled_.data());
  }
  /// To be called after the last of these.
  void finish_unpacked(const UnpackedDesign& unpacked) { unpacked.add_scaled(unscaled_.data(), gradient_.data()); }

  /// Of the block that was added last, scaled roots of the curvatures of two classes. `ahead`: of geometric means with the curvature of the parabola that lies above
  /// the loss and touches it at the predictor (Jaakkola and Jordan 2000, Statistics and Computing 10). Of rows far out the curvature is nearly nothing, and where a step
  /// takes them it isn't; the parabola's is too much for many steps.
  void copy_roots(Index begin, Index count, bool ahead, double* roots) {
    const double* curvature = rows_.curvature(0, 0);
    root_of(curvature, roots, count);
    for (Index k = 0; ahead && k < count; ++k) {
      const double half = 0.5 * std::fabs(rows_.eta(0)[k]),
                   weight = data_.weights == nullptr ? 1.0 : data_.weights[begin + k];
      const double above = weight * (half > 1e-4 ? 0.25 * std::tanh(half) / half : 0.25);
      roots[k] = root_scale_ * std::sqrt(std::sqrt(curvature[k] * above));
    }
  }

  /// Of the block that was added last, the diagonal of its Hessian.
  void add_diagonal(Index count) {
    const Index cols = data_.design.cols();
    diagonal_.resize(as_size(data_.size()), 0.0);
    diagonal_rows_ += count;
    for (Index v = 0; v < vectors_; ++v) {
      const double* curvature = rows_.curvature(v, v);
      for (Index first = 0; first < cols; first += block_.width()) {
        const double* row = block_.panel(first / block_.width());
        double* sum = diagonal_.data() + v * cols + first;
        const Index width = std::min(block_.width(), cols - first);
        for (Index k = 0; k < count; ++k, row += block_.width()) {
          for (Index j = 0; j < width; ++j) sum[j] += curvature[k] * row[j] * row[j];
        }
      }
    }
  }

  [[nodiscard]] Vector diagonal() const {
    Vector result(diagonal_);
    const double factor = static_cast<double>(data_.design.rows()) / static_cast<double>(diagonal_rows_);
    for (double& value : result) value *= factor;
    return result;
  }

  /// A block of the Hessian's sum alone, in place of `add`.
  void add_rows(Index begin, Index count, const double* roots) {
    hessian_rows_ += count;
    block_.load(data_.design, begin, count);
    roots_.fill_zero();
    std::copy_n(roots, count, roots_.data());
    own_[0].append_scaled(block_, roots_.data());
    flush();
  }

  /// Adds the products of what is packed; to be called after the last block, too.
  void flush() {
    if (own_.empty() || own_[0].rows() == 0) return;
    auto sum = sums_.begin();
    for (Index v = 0; v < vectors_; ++v) {
      sum++->add(own_[as_size(v)]);
      for (Index u = v + 1; u < vectors_; ++u) sum++->add(shared_[as_size(v)], shared_[as_size(u)]);
    }
    for (CoarseRows& rows : own_) rows.clear();
    for (CoarseRows& rows : shared_) rows.clear();
  }

  void merge(const Part& other) {
    summary_.merge(other.summary_);
    hessian_rows_ += other.hessian_rows_;
    diagonal_rows_ += other.diagonal_rows_;
    for (std::size_t i = 0; i < diagonal_.size(); ++i) diagonal_[i] += other.diagonal_[i];
    for (Index i = 0; i < gradient_.size(); ++i) gradient_[i] += other.gradient_[i];
    for (Index i = 0; i < reach_.size(); ++i) reach_[i] = std::max(reach_[i], other.reach_[i]);
    for (std::size_t i = 0; i < sums_.size(); ++i) sums_[i].add(other.sums_[i]);
  }

  [[nodiscard]] LossValue value() const {
    const Index m = data_.design.cols();
    LossValue result;
    result.loss = summary_.loss;
    result.smallest_margin = summary_.smallest_margin;
    result.largest_margin = summary_.largest_margin;
    result.curvature = summary_.curvature;
    result.gradient.resize(as_size(data_.size()));
    for (Index v = 0; v < vectors_; ++v) {
      std::copy_n(gradient_.data() + v * block_.padded_cols(), m, result.gradient.data() + v * m);
    }
    if (reach_.size() > 0) result.reach.assign(reach_.data(), reach_.data() + m);
    return result;
  }

  /// Entries [first, last) of row i of the Hessian, first >= i.
  void copy_row(Index i, Index first, Index last, double* out) const {
    const Index m = data_.design.cols(), v = i / m;
    const double share = static_cast<double>(hessian_rows_) / static_cast<double>(data_.design.rows());
    const double factor = 1 / (root_scale_ * root_scale_ * share);
    for (Index j = first; j < last;) {
      // Vectors before v have vectors_, vectors_ - 1, ... pairs.
      const Index u = j / m, end = std::min(last, (u + 1) * m), pair = v * vectors_ - v * (v - 1) / 2 + (u - v);
      sums_[as_size(pair)].copy_row(i % m, j % m, end - u * m, u == v ? factor : -factor, out + (j - first));
      j = end;
    }
  }

 private:
  void root_of(const double* curvature, double* roots, Index count) const {
    for (Index k = 0; k < count; ++k) roots[k] = root_scale_ * std::sqrt(curvature[k]);
  }

  void add_hessian(Index begin, Index count) {
    hessian_rows_ += count;
    if (!own_[0].has_room_for(count)) flush();
    const Index padded = rows_.padded();
    for (Index v = 0; v < vectors_; ++v) {
      root_of(rows_.curvature(v, v), roots_.data(), padded);
      own_[as_size(v)].append_scaled(block_, roots_.data());
      if (vectors_ == 1) continue;
      for (Index k = 0; k < padded; ++k) {
        const double weight = k >= count ? 0.0 : data_.weights == nullptr ? 1.0 : data_.weights[begin + k];
        roots_[k] = root_scale_ * std::sqrt(weight) * rows_.eta(v)[k];
      }
      shared_[as_size(v)].append_scaled(block_, roots_.data());
    }
  }

  const LogisticData& data_;
  Index vectors_;
  double root_scale_;
  RowBlock block_;
  LogisticRows rows_;
  AlignedBuffer<double> roots_, gradient_, unscaled_, reach_;
  std::vector<CoarseRows> own_, shared_;  ///< rows times roots of the curvature, and times probabilities
  std::vector<CoarseGramSum> sums_;
  LossSummary summary_;
  Index hessian_rows_ = 0, diagonal_rows_ = 0;
  Vector diagonal_;  ///< empty where none was asked for
};

CoarseLoss::CoarseLoss(const LogisticData& data) : data_(data), root_scale_(1) {
  wide_ = data.design.cols() > wide_cols;
  if (data.n_vectors() == 1 && UnpackedDesign::serves(data.design)) unpacked_.emplace(data.design);
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
  return {n, std::clamp<Index>(n / min_part_rows, 1, most), block_rows};
}

LossValue CoarseLoss::evaluate(const Vector& parameters, Curvatures wanted) {
  if (wide_ && wanted.hessian_stride > 0) {
    if (roots_.size() == 0) roots_ = AlignedBuffer<double>(data_.design.rows());
    is_summed_ = false;
  }
  return sum_parts(padded_parameters(data_, parameters), wanted);
}

Vector CoarseLoss::diagonal() const { return gradients_[0]->diagonal(); }

double CoarseLoss::product_cost(const LogisticData& data) {
  const auto size = static_cast<double>(data.size());
  return static_cast<double>(data.design.rows()) * size * size / 2 / coarse_kernel().speed / numbers_read(data);
}

double CoarseLoss::hessian_cost(const LogisticData& data) {
  const auto size = static_cast<double>(data.size());
  const double factor = size * size * size / 6 / factor_speed;
  return product_cost(data) + factor / numbers_read(data);
}

LossValue CoarseLoss::sum_parts(const AlignedBuffer<double>& parameters, Curvatures wanted) {
  const bool hessian = wanted.hessian_stride > 0;
  const bool fused = hessian && !wide_;
  const bool unpacked = unpacked_ && has_reach_ && !fused && !wanted.diagonal;
  if (unpacked) unpacked_->set_parameters(parameters.data());
  const RowPartition rows = partition(data_, fused);
  auto& parts = fused ? hessians_ : gradients_;
  parts.resize(as_size(rows.slots));
  double* const roots = hessian && wide_ ? roots_.data() : nullptr;
  const auto n = static_cast<double>(data_.design.rows()), m = static_cast<double>(data_.design.cols());
  for_each_slot(rows, n * m * static_cast<double>(data_.n_vectors()), [&](Index slot, Range range) {
    auto& part = parts[as_size(slot)];
    if (!part) part = std::make_unique<Part>(data_, rows.block_rows, fused ? rows_to_pack() : 0, root_scale_);
    part->clear(!has_reach_);
    for_each_block(rows, range, [&](Index begin, Index count) {
      checkpoint();
      const Index block = (begin - range.begin) / rows.block_rows;
      if (unpacked) {
        part->add_unpacked(begin, count, *unpacked_);
      } else {
        part->add(begin, count, parameters, fused && block % wanted.hessian_stride == 0);
      }
      if (roots != nullptr) part->copy_roots(begin, count, wanted.ahead, roots + begin);
      if (wanted.diagonal && block % diagonal_stride == 0) part->add_diagonal(count);
    });
    part->flush();
    if (unpacked) part->finish_unpacked(*unpacked_);
  });
  for (std::size_t i = 1; i < parts.size(); ++i) parts[0]->merge(*parts[i]);
  has_reach_ = true;
  return parts[0]->value();
}

/// Many columns: one sum, blocks of many rows so that it is read and written seldom, work shared out inside each. Not before a factor is asked for: steps that are
/// too long do without.
void CoarseLoss::sum_wide_hessian() {
  is_summed_ = true;
  constexpr Index rows = 1024;
  if (!wide_hessian_) wide_hessian_ = std::make_unique<Part>(data_, rows, rows, root_scale_);
  wide_hessian_->clear(false);
  for (Index begin = 0; begin < data_.design.rows(); begin += rows) {
    checkpoint();
    wide_hessian_->add_rows(begin, std::min(rows, data_.design.rows() - begin), roots_.data() + begin);
  }
}

std::optional<Cholesky> CoarseLoss::factor(const Vector& penalty) {
  if (wide_ && !is_summed_) sum_wide_hessian();
  const Index m = data_.design.cols(), vectors = data_.n_vectors();
  const Part& sums = wide_ ? *wide_hessian_ : *hessians_[0];
  Vector gauge(as_size(m), 0.0);
  for (Index i = 0; vectors > 1 && i < data_.size(); ++i) {
    double diagonal = 0;
    sums.copy_row(i, i, i + 1, &diagonal);
    gauge[as_size(i % m)] = std::max(gauge[as_size(i % m)], diagonal + penalty[as_size(i % m)]);
  }
  return Cholesky::of_rows(data_.size(), [&](Index i, Index first, Index last, double* out) {
    sums.copy_row(i, first, last, out);
    const Index col = i % m;
    if (first == i) out[0] += penalty[as_size(col)];
    if (vectors == 1) return;
    for (Index j = first + (col - first % m + m) % m; j < last; j += m) out[j - first] += gauge[as_size(col)];
  });
}

}  // namespace crowfly
