// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/logistic_working_set.hpp"

#include <numeric>
#include <string>

#include "base/cancel.hpp"
#include "base/check.hpp"

namespace crowfly {

LogisticWorkingSet::LogisticWorkingSet(const Design& all, bool ones, const std::int32_t* classes, const double* weights,
                                       Index n_classes)
    : all_(all), ones_(ones), is_in_(as_size(all.features.cols), 0), data_{all, classes, weights, n_classes} {
  if (all.features.cols > all_at_once) return;
  for (Index j = 0; j < all.features.cols; ++j) insert(j);
}

void LogisticWorkingSet::insert(Index j) noexcept {
  if (has(j)) return;
  is_in_[as_size(j)] = 1;
  ++n_in_;
}

const LogisticData& LogisticWorkingSet::data() {
  const Index p = all_.features.cols;
  // A design has a column at least; and beyond half of the features a copy saves little.
  if (n_in_ == 0) insert(0);
  for (Index j = 0; 2 * n_in_ > p && j < p; ++j) insert(j);
  if (static_cast<Index>(features_.size()) == n_in_) return data_;
  if (n_in_ * data_.n_vectors() > max_size)
    throw InvalidArgument("alpha: a penalty strong enough to leave at most " + std::to_string(max_size) +
                          " coefficients to work on expected, got " + std::to_string(n_in_ * data_.n_vectors()) +
                          "; raise alpha or l1_ratio, or use l1_ratio=0");
  features_.clear();
  for (Index j = 0; j < p; ++j) {
    if (has(j)) features_.push_back(j);
  }
  copy_columns();
  return data_;
}

void LogisticWorkingSet::copy_columns() {
  MatrixView view = all_.features;
  if (!is_all()) {
    const Index n = view.rows, m = n_in_;
    columns_ = AlignedBuffer<double>(n * m);
    constexpr Index rows_per_task = 256;
    parallel_for_ranges(n, rows_per_task, 4.0 * static_cast<double>(n * m), [&](Range range) {
      checkpoint();
      visit_dtype(view.dtype, [&](auto zero) {
        for (Index i = range.begin; i < range.end; ++i) {
          const char* row = view.row(i);
          for (Index k = 0; k < m; ++k)
            columns_[i * m + k] =
                static_cast<double>(load_element<decltype(zero)>(row + features_[as_size(k)] * view.col_stride));
        }
      });
    });
    constexpr Index item = sizeof(double);
    view = {reinterpret_cast<const char*>(columns_.data()), n, m, m * item, item, DType::f64};
    ++n_copies_;
  }
  Design design(view, false, {});
  for (std::size_t k = 0; k < features_.size(); ++k) {
    design.shift[k] = all_.shift[as_size(features_[k])];
    design.scale[k] = all_.scale[as_size(features_[k])];
  }
  data_.design = ones_ ? design.with_ones() : design;
}

}  // namespace crowfly
