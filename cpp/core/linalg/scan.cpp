// SPDX-License-Identifier: BSD-3-Clause
#include "linalg/scan.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "base/aligned_buffer.hpp"
#include "base/cancel.hpp"
#include "base/parallel.hpp"
#include "kernels/dispatch.hpp"

namespace crowfly {
namespace {

struct RowScan {
  double max_abs = 0;
  bool finite = true;
};

/// Eight lanes written out, so that the compiler may use vectors without reordering anything.
template <class T>
RowScan scan_run(const char* data, Index n, Index stride) {
  constexpr Index lanes = 8;
  using Wide = std::conditional_t<std::is_same_v<T, double>, double, float>;
  constexpr Wide largest_finite = std::numeric_limits<Wide>::max();
  Wide top[lanes] = {};
  bool bad[lanes] = {};
  const auto visit = [&](Index lane, Index i) {
    const Wide value = std::fabs(static_cast<Wide>(load_element<T>(data + i * stride)));
    bad[lane] |= !(value <= largest_finite);
    top[lane] = value > top[lane] ? value : top[lane];
  };
  Index i = 0;
  for (; i + lanes <= n; i += lanes) {
    for (Index lane = 0; lane < lanes; ++lane) visit(lane, i + lane);
  }
  for (; i < n; ++i) visit(0, i);
  const bool finite = std::none_of(bad, bad + lanes, [](bool b) { return b; });
  return {static_cast<double>(*std::max_element(top, top + lanes)), finite};
}

RowScan scan_run(const MatrixView& x, const char* data, Index n, Index stride) {
  const bool read_by_kernels = x.dtype == DType::f32 || x.dtype == DType::f64;
  if (read_by_kernels && stride == x.item_size() &&
      reinterpret_cast<std::uintptr_t>(data) % static_cast<std::uintptr_t>(stride) == 0) {
    const auto& table = kernels::active();
    const double top = x.dtype == DType::f32 ? table.finite_max_abs_f32(data, n) : table.finite_max_abs_f64(data, n);
    if (!std::isnan(top)) return {top, true};
  }
  return visit_dtype(x.dtype, [&](auto zero) { return scan_run<decltype(zero)>(data, n, stride); });
}

std::optional<Position> first_not_finite(const MatrixView& x, Range rows) {
  for (Index i = rows.begin; i < rows.end; ++i) {
    for (Index j = 0; j < x.cols; ++j) {
      if (!std::isfinite(x.at(i, j))) return Position{i, j};
    }
  }
  return std::nullopt;
}

RowScan scan_part(const MatrixView& x, Range rows) {
  RowScan result;
  const auto merge = [&](RowScan part) {
    result.max_abs = std::max(result.max_abs, part.max_abs);
    result.finite = result.finite && part.finite;
  };
  if (x.rows_contiguous() && x.row_stride == x.cols * x.item_size()) {
    merge(scan_run(x, x.row(rows.begin), rows.size() * x.cols, x.item_size()));
  } else if (x.rows_contiguous()) {
    for (Index i = rows.begin; i < rows.end; ++i) merge(scan_run(x, x.row(i), x.cols, x.col_stride));
  } else {
    for (Index j = 0; j < x.cols; ++j)
      merge(scan_run(x, x.row(rows.begin) + j * x.col_stride, rows.size(), x.row_stride));
  }
  return result;
}

}  // namespace

Scan scan(const MatrixView& x) {
  if (x.rows == 0 || x.cols == 0) return {};
  const Index n_parts = ceil_div(x.rows, std::max<Index>(1, 65536 / x.cols));
  std::vector<RowScan> parts(static_cast<std::size_t>(n_parts));
  parallel_for_work(n_parts, static_cast<double>(x.rows) * static_cast<double>(x.cols), [&](Index part) {
    parts[static_cast<std::size_t>(part)] = scan_part(x, part_of(x.rows, n_parts, part));
  });
  Scan result;
  for (Index part = 0; part < n_parts; ++part) {
    const RowScan& found = parts[static_cast<std::size_t>(part)];
    result.max_abs = std::max(result.max_abs, found.max_abs);
    if (!found.finite && !result.not_finite) result.not_finite = first_not_finite(x, part_of(x.rows, n_parts, part));
  }
  return result;
}

}  // namespace crowfly
