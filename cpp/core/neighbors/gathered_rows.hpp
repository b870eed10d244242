// SPDX-License-Identifier: BSD-3-Clause
// Some rows of a matrix, copied next to each other as they are stored.
#pragma once

#include <cstdint>
#include <span>

#include "base/aligned_buffer.hpp"
#include "base/matrix_view.hpp"

namespace crowfly {

class GatheredRows {
 public:
  GatheredRows() = default;
  GatheredRows(const MatrixView& source, std::span<const std::uint32_t> rows);

  [[nodiscard]] const MatrixView& view() const noexcept { return view_; }
  [[nodiscard]] Index bytes() const noexcept { return data_.size(); }

 private:
  AlignedBuffer<char> data_;
  MatrixView view_;
};

}  // namespace crowfly
