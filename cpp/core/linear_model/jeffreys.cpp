// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/jeffreys.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include "base/cancel.hpp"
#include "linear_model/jeffreys_rows.hpp"

namespace crowfly {
namespace {

/// Sums over rows of x times a number per vector.
class SlopeSum {
 public:
  SlopeSum(Index cols, Index vectors)
      : cols_(cols),
        vectors_(vectors),
        padded_(RowBlock(1, cols).padded_cols()),
        sum_(AlignedBuffer<double>::zeros(padded_ * vectors)) {}

  void add(const RowBlock& block, const JeffreysRows& rows) {
    for (Index v = 0; v < vectors_; ++v) block.add_transposed_times_vector(rows.slope(v), sum_.data() + v * padded_);
  }
  void merge(const SlopeSum& other) {
    for (Index i = 0; i < sum_.size(); ++i) sum_[i] += other.sum_[i];
  }
  [[nodiscard]] Vector vector() const {
    Vector result;
    for (Index v = 0; v < vectors_; ++v) {
      result.insert(result.end(), sum_.data() + v * padded_, sum_.data() + v * padded_ + cols_);
    }
    return result;
  }

 private:
  Index cols_, vectors_, padded_;
  AlignedBuffer<double> sum_;
};

/// One slot's rows with their probabilities at a point.
class PointBlocks {
 public:
  PointBlocks(const LogisticData& data, const RowPartition& partition, const AlignedBuffer<double>& point)
      : data_(data),
        point_(point),
        block_(partition.block_rows, data.design.cols()),
        rows_(partition.block_rows, data.n_vectors()) {}

  void load(Index begin, Index count) {
    block_.load(data_.design, begin, count);
    rows_.resize(count);
    for (Index v = 0; v < data_.n_vectors(); ++v) predictors(point_, v, rows_.eta(v));
    rows_.evaluate(data_.weights, begin, count);
  }
  void set_direction(const AlignedBuffer<double>& direction) {
    for (Index v = 0; v < data_.n_vectors(); ++v) predictors(direction, v, rows_.change(v));
    rows_.evaluate_change();
  }
  [[nodiscard]] const RowBlock& block() const noexcept { return block_; }
  [[nodiscard]] JeffreysRows& rows() noexcept { return rows_; }

 private:
  void predictors(const AlignedBuffer<double>& parameters, Index v, double* target) const {
    block_.times_vector(parameters.data() + v * block_.padded_cols(), target);
  }

  const LogisticData& data_;
  const AlignedBuffer<double>& point_;
  RowBlock block_;
  JeffreysRows rows_;
};

/// Slots' sums, each by `make()`, to which `add(sum, begin, count)` adds its blocks, merged in order.
template <class Make, class Add>
auto sum_over(const RowPartition& partition, double operations, Make make, Add add) {
  std::vector<decltype(make())> parts(as_size(partition.slots));
  for_each_slot(partition, operations, [&](Index slot, Range range) {
    auto& part = parts[as_size(slot)] = make();
    for_each_block(partition, range, [&](Index begin, Index count) {
      checkpoint();
      add(*part, begin, count);
    });
  });
  for (std::size_t i = 1; i < parts.size(); ++i) parts[0]->merge(*parts[i]);
  return std::move(parts[0]);
}

struct TermsSum {
  PointBlocks point;
  RowBlock scaled;
  SlopeSum slopes;
  PairSums curvature;

  void merge(const TermsSum& other) {
    slopes.merge(other.slopes);
    curvature.merge(other.curvature);
  }
};

struct InformationSum {
  PointBlocks point;
  RowBlock scaled;
  PairSums sum;

  void merge(const InformationSum& other) { sum.merge(other.sum); }
};

struct ChangeSum {
  PointBlocks point;
  SlopeSum slopes;

  void merge(const ChangeSum& other) { slopes.merge(other.slopes); }
};

/// Of `images` products with the root per row, and of a matrix of pairs or none.
double operations_of(const LogisticData& data, double images, double pairs) {
  const auto size = static_cast<double>(data.size()), vectors = static_cast<double>(data.n_vectors());
  return static_cast<double>(data.design.rows()) * (20 * vectors + (images + 0.5 * pairs) * size * (size + vectors));
}

}  // namespace

RootColumns::RootColumns(const LogisticData& data, const Matrix& root, bool triangular)
    : cols_(data.design.cols()),
      vectors_(data.n_vectors()),
      padded_(RowBlock(1, cols_).padded_cols()),
      count_(root.cols()),
      triangular_(triangular),
      columns_(AlignedBuffer<double>::zeros(padded_ * vectors_ * count_)) {
  for (Index c = 0; c < count_; ++c) {
    for (Index v = 0; v < vectors_; ++v) {
      std::copy_n(root.col(c) + v * cols_, cols_, columns_.data() + (c * vectors_ + v) * padded_);
    }
  }
}

JeffreysTerms jeffreys_terms(const LogisticData& data, const Vector& parameters, const RootColumns& root) {
  const RowPartition partition = hessian_partition(data, HessianPart::full);
  const AlignedBuffer<double> padded = padded_parameters(data, parameters);
  const Index m = data.design.cols(), vectors = data.n_vectors();
  const auto make = [&] {
    return std::make_unique<TermsSum>(TermsSum{PointBlocks(data, partition, padded), RowBlock(partition.block_rows, m),
                                               SlopeSum(m, vectors), PairSums(m, vectors, HessianPart::full)});
  };
  const auto total =
      sum_over(partition, operations_of(data, 1, 1), make, [&](TermsSum& part, Index begin, Index count) {
        part.point.load(begin, count);
        JeffreysRows& rows = part.point.rows();
        const RowBlock& block = part.point.block();
        for (Index c = 0; c < root.count(); ++c) {
          root.multiply(block, c, [&](Index v) { return rows.image(v); });
          rows.add_image();
        }
        rows.finish();
        part.slopes.add(block, rows);
        part.curvature.add(block, part.scaled, [&](Index u, Index v) { return rows.held_curvature(u, v); });
      });
  return {total->slopes.vector(), total->curvature.matrix()};
}

Matrix information_change(const LogisticData& data, const Vector& parameters, const Vector& direction) {
  const RowPartition partition = hessian_partition(data, HessianPart::full);
  const AlignedBuffer<double> padded = padded_parameters(data, parameters), along = padded_parameters(data, direction);
  const Index m = data.design.cols();
  const auto make = [&] {
    return std::make_unique<InformationSum>(InformationSum{PointBlocks(data, partition, padded),
                                                           RowBlock(partition.block_rows, m),
                                                           PairSums(m, data.n_vectors(), HessianPart::full)});
  };
  return sum_over(partition, operations_of(data, 0, 1), make,
                  [&](InformationSum& part, Index begin, Index count) {
                    part.point.load(begin, count);
                    part.point.set_direction(along);
                    JeffreysRows& rows = part.point.rows();
                    part.sum.add(part.point.block(), part.scaled,
                                 [&](Index u, Index v) { return rows.curvature_change(u, v); });
                  })
      ->sum.matrix();
}

Vector jeffreys_gradient_change(const LogisticData& data, const Vector& parameters, const Vector& direction,
                                const RootColumns& root, const RootColumns& changed_root) {
  const auto partition = RowPartition::for_vectors(data.design.rows(), data.design.cols());
  const AlignedBuffer<double> padded = padded_parameters(data, parameters), along = padded_parameters(data, direction);
  const auto make = [&] {
    return std::make_unique<ChangeSum>(
        ChangeSum{PointBlocks(data, partition, padded), SlopeSum(data.design.cols(), data.n_vectors())});
  };
  return sum_over(partition, operations_of(data, 2, 0), make,
                  [&](ChangeSum& part, Index begin, Index count) {
                    part.point.load(begin, count);
                    part.point.set_direction(along);
                    JeffreysRows& rows = part.point.rows();
                    const RowBlock& block = part.point.block();
                    for (Index c = 0; c < root.count(); ++c) {
                      root.multiply(block, c, [&](Index v) { return rows.image(v); });
                      changed_root.multiply(block, c, [&](Index v) { return rows.changed_image(v); });
                      rows.add_images();
                    }
                    rows.finish_change();
                    part.slopes.add(block, rows);
                  })
      ->slopes.vector();
}

}  // namespace crowfly
