// SPDX-License-Identifier: BSD-3-Clause
#include "linalg/coarse_gram.hpp"

#include "base/check.hpp"
#include "kernels/dispatch.hpp"

namespace crowfly {
namespace {

const kernels::CoarseGram& coarse() noexcept { return kernels::active().coarse_gram; }

/// Operations that take as long as one of float64: for the decision whether threads pay.
constexpr double speed = 4;

}  // namespace

CoarseRows::CoarseRows(Index capacity, Index cols)
    : n_panels_(std::max<Index>(1, ceil_div(cols, coarse().cols))),
      panel_bytes_(round_up(capacity, std::max(coarse().rows, kernels::row_padding)) * coarse().row_bytes),
      data_(n_panels_ * panel_bytes_) {}

void CoarseRows::assign_scaled(const RowBlock& source, const double* factor) {
  rows_ = round_up(source.rows(), std::max(coarse().rows, kernels::row_padding));
  check(rows_ * coarse().row_bytes <= panel_bytes_);
  const double operations = static_cast<double>(rows_) * static_cast<double>(source.padded_cols());
  parallel_for_work(n_panels_, operations, [&](Index i) {
    coarse().coarse_pack(source.panel(0), source.capacity() * source.width(), source.n_panels(), i * coarse().cols,
                         factor, source.padded_rows(), data_.data() + i * panel_bytes_);
  });
}

CoarseGramSum::CoarseGramSum(Index cols)
    : stride_(round_up(std::max<Index>(cols, 1), coarse().cols)),
      sum_(AlignedBuffer<float>::zeros(stride_ * stride_)) {}

void CoarseGramSum::add(const CoarseRows& a) { add(a, a, true); }
void CoarseGramSum::add(const CoarseRows& a, const CoarseRows& b) { add(a, b, false); }

void CoarseGramSum::add(const CoarseRows& a, const CoarseRows& b, bool symmetric) {
  const Index width = coarse().cols, rows = a.rows(), n_panels = stride_ / width;
  check(a.n_panels() == n_panels && b.n_panels() == n_panels && b.rows() == rows);
  const double operations = static_cast<double>(rows) * static_cast<double>(stride_) * static_cast<double>(stride_);
  parallel_for_work(n_panels, operations / speed, [&](Index task) {
    const Index right = n_panels - 1 - task;  // the longest first
    const kernels::TileScope scope(coarse());
    for (Index left = 0; left <= (symmetric ? right : n_panels - 1); ++left) {
      coarse().coarse_tile(a.panel(left), b.panel(right), rows, sum_.data() + left * width * stride_ + right * width,
                           stride_);
    }
  });
}

void CoarseGramSum::add(const CoarseGramSum& other) {
  check(other.stride_ == stride_);
  for (Index i = 0; i < sum_.size(); ++i) sum_[i] += other.sum_[i];
}

}  // namespace crowfly
