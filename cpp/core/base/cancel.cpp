// SPDX-License-Identifier: BSD-3-Clause
#include "base/cancel.hpp"

#include <chrono>

namespace crowfly {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds poll_interval{10};

thread_local PollFunction thread_poll = nullptr;
thread_local CancelFlag* thread_flag = nullptr;
thread_local Clock::time_point last_poll{};

}  // namespace

CancelScope::CancelScope(PollFunction poll) noexcept : previous_poll_(thread_poll), previous_flag_(thread_flag) {
  thread_poll = poll;
  thread_flag = &flag_;
  last_poll = Clock::now();
}

CancelScope::~CancelScope() {
  thread_poll = previous_poll_;
  thread_flag = previous_flag_;
}

AdoptFlag::AdoptFlag(CancelFlag* flag) noexcept : previous_(thread_flag) { thread_flag = flag; }

AdoptFlag::~AdoptFlag() { thread_flag = previous_; }

CancelFlag* current_cancel_flag() noexcept { return thread_flag; }

void checkpoint() {
  if (thread_flag == nullptr) return;
  // Once cancelled, no more polling: the error that the signal's handler raised is still waiting to be delivered.
  if (thread_poll != nullptr && !thread_flag->load(std::memory_order_relaxed)) {
    const auto now = Clock::now();
    if (now - last_poll >= poll_interval) {
      last_poll = now;
      if (thread_poll()) thread_flag->store(true, std::memory_order_relaxed);
    }
  }
  if (thread_flag->load(std::memory_order_relaxed)) throw Cancelled();
}

}  // namespace crowfly
