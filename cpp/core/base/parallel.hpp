// SPDX-License-Identifier: BSD-3-Clause
// The thread pool. One process-wide set of workers, started on first need, restarted in a forked child, shared by all callers.
//
// Determinism: callers cut work into tasks by shape alone and combine results in task order; which thread runs which task is the only thing that
// varies.
#pragma once

#include <functional>

#include "base/matrix_view.hpp"

namespace crowfly {

/// Sets the number of threads for all later calls; 0 restores the default (`cpu_budget()`).
void set_num_threads(int n) noexcept;

/// Threads that a call on this thread may use: `ThreadLimit` if one is in scope, else the setting, else the default.
[[nodiscard]] int get_num_threads() noexcept;

/// Limits calls of the current thread while in scope; 0 means no limit of its own.
class ThreadLimit {
 public:
  explicit ThreadLimit(int n) noexcept;
  ThreadLimit(const ThreadLimit&) = delete;
  ThreadLimit& operator=(const ThreadLimit&) = delete;
  ~ThreadLimit();

 private:
  int previous_;
};

/// Runs `task(i)` for every i in [0, n_tasks), on this thread and on workers, and returns when all are done. The first exception stops
/// the handing out of further tasks and is rethrown here. Nested calls run on the calling thread. Polls for cancellation between tasks.
void parallel_for(Index n_tasks, const std::function<void(Index)>& task);

/// True when `operations` (floating point or bytes) are worth waking a worker for: below about 100 microseconds they are not.
[[nodiscard]] constexpr bool worth_threads(double operations) noexcept { return operations > 1e6; }

/// Threads that `parallel_for_work` would use for them here: one inside of tasks.
[[nodiscard]] int threads_for_work(double operations) noexcept;

/// `parallel_for`, on the calling thread alone when the whole is too small to share.
void parallel_for_work(Index n_tasks, double operations, const std::function<void(Index)>& task);

/// Starts and ends of `n_parts` nearly equal parts of [0, n).
struct Range {
  Index begin = 0;
  Index end = 0;
  [[nodiscard]] Index size() const noexcept { return end - begin; }
};
[[nodiscard]] constexpr Range part_of(Index n, Index n_parts, Index part) noexcept {
  const Index base = n / n_parts;
  const Index extra = n % n_parts;
  const Index begin = part * base + (part < extra ? part : extra);
  return {begin, begin + base + (part < extra ? 1 : 0)};
}

/// `parallel_for_work` over nearly equal parts of [0, n), none larger than `max_size`.
void parallel_for_ranges(Index n, Index max_size, double operations, const std::function<void(Range)>& task);

}  // namespace crowfly
