// SPDX-License-Identifier: BSD-3-Clause
#include "base/cpu_budget.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

namespace crowfly {
namespace {

constexpr int unlimited = std::numeric_limits<int>::max();

int affinity_count() {
#if defined(__linux__)
  // The kernel's mask may be larger than cpu_set_t: grow until it fits.
  for (int cpus = 1024; cpus <= 1 << 16; cpus *= 2) {
    cpu_set_t* set = CPU_ALLOC(static_cast<std::size_t>(cpus));
    const std::size_t bytes = CPU_ALLOC_SIZE(static_cast<std::size_t>(cpus));
    const bool ok = sched_getaffinity(0, bytes, set) == 0;
    const int count = ok ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (count > 0) return count;
  }
#endif
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

int quota_cpus(double quota, double period) {
  if (!(quota > 0) || !(period > 0)) return unlimited;
  return std::max(1, static_cast<int>(std::ceil(quota / period)));
}

/// cgroup v2: "max 100000" or "150000 100000".
int quota_v2(const std::string& folder) {
  std::ifstream file(folder + "/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max") return unlimited;
  return quota_cpus(std::strtod(quota.c_str(), nullptr), period);
}

int quota_v1(const std::string& folder) {
  std::ifstream quota_file(folder + "/cpu.cfs_quota_us"), period_file(folder + "/cpu.cfs_period_us");
  double quota = 0, period = 0;
  if (!(quota_file >> quota) || !(period_file >> period)) return unlimited;
  return quota_cpus(quota, period);
}

/// The quota of this process' group and of every group above it: the tightest counts.
int cgroup_quota() {
  int best = unlimited;
#if defined(__linux__)
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    std::istringstream fields(line);
    std::string id, controllers, path;
    std::getline(fields, id, ':');
    std::getline(fields, controllers, ':');
    std::getline(fields, path);
    const bool v2 = controllers.empty();
    if (!v2 && controllers.find("cpu") == std::string::npos) continue;
    const std::string root = v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu";
    while (true) {
      best = std::min(best, v2 ? quota_v2(root + path) : quota_v1(root + path));
      const auto slash = path.rfind('/');
      if (path.empty() || slash == std::string::npos) break;
      path.resize(slash);
    }
  }
#endif
  return best;
}

/// OMP_NUM_THREADS may be a list for nested levels ("4,2"): the first level is ours. Nonsense is ignored, as OpenMP runtimes do.
int omp_num_threads() {
  const char* text = std::getenv("OMP_NUM_THREADS");
  if (text == nullptr) return unlimited;
  const long value = std::strtol(text, nullptr, 10);
  return value >= 1 && value <= 4096 ? static_cast<int>(value) : unlimited;
}

}  // namespace

int cpu_budget() noexcept {
  try {
    static const int limit = std::min(cgroup_quota(), omp_num_threads());
    return std::max(1, std::min(affinity_count(), limit));
  } catch (...) {
    return 1;
  }
}

}  // namespace crowfly
