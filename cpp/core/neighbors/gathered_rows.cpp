// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/gathered_rows.hpp"

#include <algorithm>
#include <cstring>

#include "base/parallel.hpp"

namespace crowfly {

GatheredRows::GatheredRows(const MatrixView& source, std::span<const std::uint32_t> rows) {
  constexpr Index rows_per_task = 1024;
  const Index item = source.item_size(), stride = source.cols * item, n = static_cast<Index>(rows.size());
  data_ = AlignedBuffer<char>(n * stride);
  parallel_for_ranges(n, rows_per_task, static_cast<double>(n * stride), [&](Range range) {
    for (Index r = range.begin; r < range.end; ++r) {
      const char* from = source.row(rows[as_size(r)]);
      char* to = data_.data() + r * stride;
      if (source.rows_contiguous()) {
        std::memcpy(to, from, as_size(stride));
      } else {
        for (Index j = 0; j < source.cols; ++j) std::memcpy(to + j * item, from + j * source.col_stride, as_size(item));
      }
    }
  });
  view_ = {data_.data(), n, source.cols, stride, item, source.dtype};
}

}  // namespace crowfly
