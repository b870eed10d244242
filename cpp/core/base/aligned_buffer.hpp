// SPDX-License-Identifier: BSD-3-Clause
// A fixed-size array aligned to cache lines, for packed panels and tiles. Move-only; not initialised unless asked for.
#pragma once

#include <cstddef>
#include <cstring>
#include <limits>
#include <new>
#include <type_traits>
#include <utility>

#include "base/matrix_view.hpp"

namespace crowfly {

inline constexpr std::size_t cache_line = 64;

/// Memory aligned to cache lines at least, on huge pages where it is large.
[[nodiscard]] void* allocate_aligned(std::size_t bytes);
void free_aligned(void* memory, std::size_t bytes) noexcept;

template <class T>
class AlignedBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(Index size) : size_(size) {
    if (size < 0 || static_cast<std::size_t>(size) > std::numeric_limits<std::size_t>::max() / sizeof(T) / 2) {
      throw std::bad_alloc();
    }
    if (size > 0) {
      data_ = static_cast<T*>(allocate_aligned(static_cast<std::size_t>(size) * sizeof(T)));
    }
  }
  static AlignedBuffer zeros(Index size) {
    AlignedBuffer buffer(size);
    buffer.fill_zero();
    return buffer;
  }
  AlignedBuffer(AlignedBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~AlignedBuffer() {
    if (data_ != nullptr) free_aligned(data_, static_cast<std::size_t>(size_) * sizeof(T));
  }

  [[nodiscard]] T* data() noexcept { return data_; }
  [[nodiscard]] const T* data() const noexcept { return data_; }
  [[nodiscard]] Index size() const noexcept { return size_; }
  [[nodiscard]] T& operator[](Index i) noexcept { return data_[i]; }
  [[nodiscard]] const T& operator[](Index i) const noexcept { return data_[i]; }
  void fill_zero() noexcept {
    if (size_ > 0) std::memset(static_cast<void*>(data_), 0, static_cast<std::size_t>(size_) * sizeof(T));
  }

 private:
  T* data_ = nullptr;
  Index size_ = 0;
};

[[nodiscard]] constexpr Index round_up(Index value, Index multiple) noexcept {
  return (value + multiple - 1) / multiple * multiple;
}
[[nodiscard]] constexpr Index ceil_div(Index value, Index divisor) noexcept { return (value + divisor - 1) / divisor; }

}  // namespace crowfly
