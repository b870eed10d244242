// SPDX-License-Identifier: BSD-3-Clause
// Every kernel of the table on its own, on buffers as drivers make them, with what a call costs: for the timer in bind_kernel_timing.cpp.
#pragma once

#include <cmath>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/aligned_buffer.hpp"
#include "kernels/kernel_table.hpp"

namespace crowfly::bindings {

enum class Precision { int8, float32, float64 };

/// What one call does, read off the kernel's body. Operations are additions, multiplications, divisions and maxima; a fused multiply-add is two.
struct Work {
  Precision precision = Precision::float64;
  double operations = 0;
  double bytes_loaded = 0, bytes_stored = 0;
};

/// One kernel with its buffers.
class Trial {
 public:
  std::string shape;
  Work work;
  std::function<void()> call;

  /// An array whose values differ and lie in [0, 1); it lives as long as the trial.
  template <class T = double>
  T* array(Index n) {
    AlignedBuffer<std::byte> buffer(round_up(n * static_cast<Index>(sizeof(T)), static_cast<Index>(cache_line)));
    T* values = reinterpret_cast<T*>(buffer.data());
    double x = 0.5;
    for (Index i = 0; i < n; ++i) {
      x += 0.6180339887498949;
      x -= std::floor(x);
      if constexpr (std::is_arithmetic_v<T>) values[i] = static_cast<T>(x);
    }
    buffers_.push_back(std::move(buffer));
    return values;
  }
  [[nodiscard]] Index footprint() const noexcept {
    Index bytes = 0;
    for (const auto& buffer : buffers_) bytes += buffer.size();
    return bytes;
  }

 private:
  std::vector<AlignedBuffer<std::byte>> buffers_;
};

/// `size` is the one number that a trial leaves open: depth, rows or values. Here it keeps the buffers within 32 KiB, the smallest L1 cache in use.
struct TrialEntry {
  const char* name;
  Index size;
  Trial (*trial)(const kernels::KernelTable& table, Index size);
};

/// The trial's numbers are products of sizes.
template <class... Sizes>
double times(Sizes... sizes) {
  return (1.0 * ... * static_cast<double>(sizes));
}

inline std::string text(Index n) { return std::to_string(n); }

/// The kernels that algorithms call. To add one: a function that returns its Trial and a line in the list of its file.
[[nodiscard]] std::vector<TrialEntry> kernel_trials();
/// Of neighbour searches, and of packed or unpacked rows of linear models.
[[nodiscard]] std::span<const TrialEntry> neighbor_trials() noexcept;
[[nodiscard]] std::span<const TrialEntry> panel_trials() noexcept;

/// The kernels that measure limits of the machine.
[[nodiscard]] std::span<const TrialEntry> probe_trials() noexcept;

}  // namespace crowfly::bindings
