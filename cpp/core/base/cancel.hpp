// SPDX-License-Identifier: BSD-3-Clause
// Cooperative cancellation. Whoever starts a long call installs a poll function for its thread; loops call `checkpoint()` every few
// hundred microseconds; worker threads see the flag of the job that they work for.
#pragma once

#include <atomic>
#include <exception>

namespace crowfly {

/// Thrown by `checkpoint()` once the caller wants to stop.
class Cancelled : public std::exception {
 public:
  [[nodiscard]] const char* what() const noexcept override { return "cancelled"; }
};

/// Returns true when the call should stop. Runs on the thread that installed it only.
using PollFunction = bool (*)();

using CancelFlag = std::atomic<bool>;

/// Installs `poll` for the current thread while in scope.
class CancelScope {
 public:
  explicit CancelScope(PollFunction poll) noexcept;
  CancelScope(const CancelScope&) = delete;
  CancelScope& operator=(const CancelScope&) = delete;
  ~CancelScope();

 private:
  PollFunction previous_poll_;
  CancelFlag* previous_flag_;
  CancelFlag flag_{false};
};

/// Makes a worker thread see the flag of the job's owner while in scope.
class AdoptFlag {
 public:
  explicit AdoptFlag(CancelFlag* flag) noexcept;
  AdoptFlag(const AdoptFlag&) = delete;
  AdoptFlag& operator=(const AdoptFlag&) = delete;
  ~AdoptFlag();

 private:
  CancelFlag* previous_;
};

/// The current thread's flag; null when nobody can cancel.
[[nodiscard]] CancelFlag* current_cancel_flag() noexcept;

/// Throws `Cancelled` if the current call was cancelled. Polls at most every 10 ms; otherwise costs one clock reading.
void checkpoint();

}  // namespace crowfly
