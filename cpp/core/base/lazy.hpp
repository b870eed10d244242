// SPDX-License-Identifier: BSD-3-Clause
// A value made when it is first needed.
#pragma once

#include <atomic>
#include <memory>

namespace crowfly {

/// Without a lock, which a fork could leave held and Ctrl-C could not interrupt: of several threads that make it at once the first one's stays.
template <class T>
class Lazy {
 public:
  Lazy() = default;
  Lazy(const Lazy&) = delete;
  Lazy& operator=(const Lazy&) = delete;
  ~Lazy() { delete value_.load(); }

  template <class Make>
  const T& get(const Make& make) const {
    const T* current = value_.load(std::memory_order_acquire);
    if (current != nullptr) return *current;
    std::unique_ptr<const T> fresh(new T(make()));
    if (value_.compare_exchange_strong(current, fresh.get())) return *fresh.release();
    return *current;
  }
  [[nodiscard]] const T* peek() const noexcept { return value_.load(std::memory_order_acquire); }

 private:
  mutable std::atomic<const T*> value_{nullptr};
};

}  // namespace crowfly
