// SPDX-License-Identifier: BSD-3-Clause
#include "linalg/lapack.hpp"

#include "base/check.hpp"

namespace crowfly {
namespace {
Lapack installed;
}

void set_lapack(const Lapack& routines) noexcept { installed = routines; }

const Lapack& lapack() {
  check(installed.geqrf != nullptr);
  return installed;
}

}  // namespace crowfly
