// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/row_transform.hpp"

#include <algorithm>
#include <optional>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "kernels/dispatch.hpp"

namespace crowfly {
namespace {

double product_operations(const Design& design, const RowTransform& transform) {
  return static_cast<double>(design.rows()) * static_cast<double>(transform.features() + 1) *
         static_cast<double>(transform.cols());
}

/// The symmetric k x k part of a sum of padded panels.
Matrix square(const GramSum& sum, Index k) {
  Matrix result(k, k);
  for (Index j = 0; j < k; ++j) {
    for (Index i = 0; i < k; ++i) result(i, j) = sum.at(i, j);
  }
  return result;
}

}  // namespace

RowTransform::RowTransform(const Matrix& factor, const Vector& start)
    : features_(factor.rows()),
      cols_(factor.cols()),
      width_(kernels::active().panel_width),
      n_panels_(std::max<Index>(1, ceil_div(cols_, width_))),
      factor_(AlignedBuffer<double>::zeros(std::max<Index>(1, n_panels_ * features_ * width_))),
      start_(AlignedBuffer<double>::zeros(n_panels_ * width_)),
      leading_rows_(as_size(n_panels_), 0) {
  check(start.size() == as_size(cols_));
  for (Index j = 0; j < cols_; ++j) {
    const Index panel = j / width_, lane = j % width_;
    start_[j] = start[as_size(j)];
    for (Index i = 0; i < features_; ++i) {
      factor_[(panel * features_ + i) * width_ + lane] = factor(i, j);
      if (factor(i, j) != 0) leading_rows_[as_size(panel)] = std::max(leading_rows_[as_size(panel)], i + 1);
    }
  }
}

TransformedBlock::TransformedBlock(const RowTransform& transform, Index block_rows)
    : transform_(transform),
      source_(block_rows, transform.features()),
      result_(round_up(block_rows, transform.width_), transform.cols()),
      transposed_(round_up(result_.capacity(), transform.width_) * std::max<Index>(1, transform.features())) {}

void TransformedBlock::load(const Design& design, Index begin, Index count) {
  check(!design.ones && design.cols() == transform_.features());
  source_.load(design, begin, count);
  result_.resize(count);
  transpose();
  multiply();
}

void TransformedBlock::transpose() {
  const Index width = transform_.width_, features = transform_.features(), rows = source_.rows();
  parallel_for_work(ceil_div(rows, width), static_cast<double>(rows * features), [&](Index group) {
    double* target = transposed_.data() + group * features * width;
    const Index first = group * width, filled = std::min(width, rows - first);
    for (Index j = 0; j < features; ++j) {
      const double* column = source_.panel(j / width) + first * width + j % width;
      for (Index i = 0; i < filled; ++i) target[j * width + i] = column[i * width];
      for (Index i = filled; i < width; ++i) target[j * width + i] = 0;
    }
  });
}

void TransformedBlock::multiply() {
  const auto& table = kernels::active();
  const Index width = transform_.width_, features = transform_.features(), rows = source_.rows();
  const double operations = static_cast<double>(rows * features) * static_cast<double>(transform_.cols());
  parallel_for_work(transform_.n_panels_, operations, [&](Index j) {
    const double* start = transform_.start_.data() + j * width;
    const double* factor = transform_.factor_.data() + j * features * width;
    const Index leading = transform_.leading_rows_[as_size(j)];
    for (Index group = 0; group < ceil_div(rows, width); ++group) {
      double* target = result_.panel(j) + group * width * width;
      for (Index i = 0; i < width; ++i) std::copy_n(start, width, target + i * width);
      const double* left = transposed_.data() + group * features * width;
      for (Index i = 0; i < width; i += table.gram_rows)
        table.gram_tile(left + i, factor, leading, target + i * width, width);
    }
    const Index padded = result_.padded_rows();
    std::fill_n(result_.panel(j) + rows * width, (padded - rows) * width, 0.0);
  });
}

double TransformedBlock::squared_length(Index k) const noexcept {
  double sum = 0;
  for (Index j = 0; j < result_.n_panels(); ++j) {
    const double* row = result_.panel(j) + k * result_.width();
    for (Index c = 0; c < result_.width(); ++c) sum += row[c] * row[c];
  }
  return sum;
}

Matrix transformed_gram(const Design& design, const RowTransform& transform, const double* row_factors) {
  const Index k = transform.cols();
  const auto partition = RowPartition::for_gram(design.rows(), k);
  std::vector<std::optional<GramSum>> parts(as_size(partition.slots));
  const double operations = product_operations(design, transform);
  for_each_slot(partition, operations, [&](Index slot, Range range) {
    auto& sum = parts[as_size(slot)].emplace(k);
    TransformedBlock block(transform, partition.block_rows);
    std::optional<RowBlock> scaled;
    if (row_factors != nullptr) scaled.emplace(block.rows().capacity(), k);
    auto factor = AlignedBuffer<double>::zeros(block.rows().capacity());
    for_each_block(partition, range, [&](Index begin, Index count) {
      checkpoint();
      block.load(design, begin, count);
      if (scaled) {
        std::copy_n(row_factors + begin, count, factor.data());
        std::fill_n(factor.data() + count, block.rows().padded_rows() - count, 0.0);
        scaled->assign_scaled(block.rows(), factor.data());
      }
      sum.add(block.rows(), scaled ? *scaled : block.rows());
    });
  });
  for (std::size_t i = 1; i < parts.size(); ++i) parts[0]->add(*parts[i]);
  return square(*parts[0], k);
}

Vector transformed_lengths(const Design& design, const RowTransform& transform, const double* row_factors) {
  const auto partition = RowPartition::for_gram(design.rows(), transform.cols());
  Vector lengths(as_size(design.rows()));
  const double operations = product_operations(design, transform);
  for_each_slot(partition, operations, [&](Index, Range range) {
    TransformedBlock block(transform, partition.block_rows);
    for_each_block(partition, range, [&](Index begin, Index count) {
      checkpoint();
      block.load(design, begin, count);
      for (Index k = 0; k < count; ++k) {
        const double factor = row_factors == nullptr ? 1.0 : row_factors[begin + k];
        lengths[as_size(begin + k)] = factor * block.squared_length(k);
      }
    });
  });
  return lengths;
}

Matrix grouped_gram(const Design& design, const RowTransform& transform, const double* row_factors,
                    const std::int32_t* groups, Index n_groups) {
  const Index k = transform.cols();
  constexpr Index block_rows = 256;
  TransformedBlock block(transform, block_rows);
  auto sums = AlignedBuffer<double>::zeros(n_groups * k);
  for (Index begin = 0; begin < design.rows(); begin += block_rows) {
    checkpoint();
    const Index count = std::min(block_rows, design.rows() - begin);
    block.load(design, begin, count);
    for (Index i = 0; i < count; ++i) {
      double* sum = sums.data() + groups[begin + i] * k;
      for (Index j = 0; j < k; ++j) sum[j] += row_factors[begin + i] * block.rows().at(i, j);
    }
  }
  constexpr Index item = sizeof(double);
  const MatrixView view{reinterpret_cast<const char*>(sums.data()), n_groups, k, k * item, item, DType::f64};
  const MatrixView nothing{view.data, n_groups, 0, 0, 0, DType::f64};
  return square(weighted_gram(Design(view, false, nothing), nullptr), k);
}

}  // namespace crowfly
