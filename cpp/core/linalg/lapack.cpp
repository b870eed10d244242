// SPDX-License-Identifier: BSD-3-Clause
#include "linalg/lapack.hpp"

#include <mutex>

#include "base/check.hpp"

namespace crowfly {
namespace {
Lapack installed;
}

void set_lapack(const Lapack& routines) {
  // Only the first call counts: fits on other threads may be reading.
  static std::once_flag once;
  std::call_once(once, [&] { installed = routines; });
}

const Lapack& lapack() {
  check(installed.geqrf != nullptr);
  return installed;
}

}  // namespace crowfly
