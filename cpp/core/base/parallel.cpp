// SPDX-License-Identifier: BSD-3-Clause
#include "base/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <cfenv>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

#include "base/aligned_buffer.hpp"
#include "base/cancel.hpp"
#include "base/cpu_budget.hpp"

namespace crowfly {
namespace {

std::atomic<int> thread_setting{0};
thread_local int thread_limit = 0;
thread_local bool inside_task = false;

/// Rounding and flushing of subnormals as the calling thread has them (see floating_point.hpp): a worker that was started under other settings would give other bits.
class FloatingPointMode {
 public:
  FloatingPointMode() noexcept { std::fegetenv(&environment_); }
  void apply() const noexcept { std::fesetenv(&environment_); }

 private:
  std::fenv_t environment_;
};

/// One parallel_for. Lives on the caller's stack until every helper has left it.
struct Job {
  Job(const std::function<void(Index)>& work, Index n, int helpers) : task(work), n_tasks(n), helpers_wanted(helpers) {}

  const std::function<void(Index)>& task;
  Index n_tasks;
  int helpers_wanted;
  CancelFlag* cancel = current_cancel_flag();
  FloatingPointMode mode;
  std::atomic<Index> next{0};
  std::atomic<bool> failed{false};
  int helpers_inside = 0;    // guarded by the pool's mutex
  std::exception_ptr error;  // guarded by the pool's mutex
};

class InsideTask {
 public:
  InsideTask() noexcept : previous_(std::exchange(inside_task, true)) {}
  InsideTask(const InsideTask&) = delete;
  InsideTask& operator=(const InsideTask&) = delete;
  ~InsideTask() { inside_task = previous_; }

 private:
  bool previous_;
};

class Pool {
 public:
  void run(Job& job) {
    {
      const std::lock_guard lock(mutex_);
      start_workers(job.helpers_wanted);
      jobs_.push_back(&job);
    }
    work_available_.notify_all();
    work_on(job);
    std::unique_lock lock(mutex_);
    std::erase(jobs_, &job);
    while (job.helpers_inside > 0) {
      // A helper may be in a long task: keep polling, so that Ctrl-C reaches it through the flag.
      helper_left_.wait_for(lock, std::chrono::milliseconds(10));
      lock.unlock();
      poll_quietly(job);
      lock.lock();
    }
    if (job.error) std::rethrow_exception(job.error);
  }

 private:
  /// Workers live as long as the process: joining them at exit could wait for a lock that a dead thread holds. Where the system refuses more
  /// threads, those at hand (at least the caller) do the work.
  void start_workers(int wanted) {
    try {
      while (n_workers_ < wanted) {
        std::thread([this] { serve(); }).detach();
        ++n_workers_;
      }
    } catch (const std::system_error&) {
    }
  }

  void serve() {
    std::unique_lock lock(mutex_);
    while (true) {
      Job* job = nullptr;
      work_available_.wait(lock, [&] { return (job = find_job()) != nullptr; });
      ++job->helpers_inside;
      lock.unlock();
      {
        const AdoptFlag adopt(job->cancel);
        job->mode.apply();
        work_on(*job);
      }
      lock.lock();
      if (--job->helpers_inside == 0) helper_left_.notify_all();
    }
  }

  Job* find_job() {
    for (Job* job : jobs_) {
      const bool open = job->next.load(std::memory_order_relaxed) < job->n_tasks && !job->failed.load();
      if (open && job->helpers_inside < job->helpers_wanted) return job;
    }
    return nullptr;
  }

  void work_on(Job& job) {
    const InsideTask inside;
    try {
      while (!job.failed.load(std::memory_order_relaxed)) {
        const Index i = job.next.fetch_add(1, std::memory_order_relaxed);
        if (i >= job.n_tasks) break;
        checkpoint();
        job.task(i);
      }
    } catch (...) {
      record(job, std::current_exception());
    }
  }

  void poll_quietly(Job& job) {
    try {
      checkpoint();
    } catch (...) {
      record(job, std::current_exception());
    }
  }

  void record(Job& job, std::exception_ptr error) {
    const std::lock_guard lock(mutex_);
    if (!job.error) job.error = std::move(error);
    job.failed.store(true);
  }

  std::mutex mutex_;
  std::condition_variable work_available_;
  std::condition_variable helper_left_;
  std::deque<Job*> jobs_;
  int n_workers_ = 0;
};

std::atomic<Pool*> the_pool{nullptr};

/// The child of a fork has none of its parent's threads and may find their locks held: it starts afresh and leaks the old pool.
void forget_pool() noexcept {
  the_pool.store(nullptr);
  inside_task = false;
}

Pool& pool() {
  Pool* current = the_pool.load(std::memory_order_acquire);
  if (current != nullptr) return *current;
#if defined(__unix__) || defined(__APPLE__)
  static const int registered = pthread_atfork(nullptr, nullptr, forget_pool);
  (void)registered;
#endif
  auto fresh = std::make_unique<Pool>();
  if (the_pool.compare_exchange_strong(current, fresh.get())) return *fresh.release();
  return *current;
}

void run_here(Index n_tasks, const std::function<void(Index)>& task) {
  for (Index i = 0; i < n_tasks; ++i) {
    checkpoint();
    task(i);
  }
}

}  // namespace

void set_num_threads(int n) noexcept { thread_setting.store(std::max(0, n)); }

int get_num_threads() noexcept {
  if (thread_limit > 0) return thread_limit;
  const int setting = thread_setting.load();
  return setting > 0 ? setting : cpu_budget();
}

ThreadLimit::ThreadLimit(int n) noexcept : previous_(thread_limit) {
  if (n > 0) thread_limit = n;
}

ThreadLimit::~ThreadLimit() { thread_limit = previous_; }

int threads_for_work(double operations) noexcept {
  return inside_task || !worth_threads(operations) ? 1 : get_num_threads();
}

void parallel_for(Index n_tasks, const std::function<void(Index)>& task) {
  const int threads = inside_task || n_tasks <= 1 ? 1 : get_num_threads();
  if (threads == 1) {
    run_here(n_tasks, task);
    return;
  }
  const int helpers = static_cast<int>(std::min<Index>(threads, n_tasks)) - 1;
  Job job(task, n_tasks, helpers);
  pool().run(job);
}

void parallel_for_work(Index n_tasks, double operations, const std::function<void(Index)>& task) {
  if (worth_threads(operations)) {
    parallel_for(n_tasks, task);
  } else {
    run_here(n_tasks, task);
  }
}

void parallel_for_ranges(Index n, Index max_size, double operations, const std::function<void(Range)>& task) {
  const Index parts = ceil_div(n, max_size);
  parallel_for_work(parts, operations, [&](Index part) { task(part_of(n, parts, part)); });
}

}  // namespace crowfly
