// SPDX-License-Identifier: BSD-3-Clause
// How many CPUs this process may use: affinity mask, cgroup quota and OMP_NUM_THREADS, whichever is smallest.
#pragma once

namespace crowfly {

/// At least 1. The affinity mask is read anew at each call (one system call); quota and environment once, since reading the cgroup files
/// takes longer than answering a small query.
[[nodiscard]] int cpu_budget() noexcept;

}  // namespace crowfly
