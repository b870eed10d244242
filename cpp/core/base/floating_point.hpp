// SPDX-License-Identifier: BSD-3-Clause
// Every bound and every exact product assumes arithmetic as IEEE 754 has it. A library linked with -ffast-math makes the thread that loads it flush subnormal numbers, and a
// process may round otherwise or trap.
#pragma once

#include <cfenv>

namespace crowfly {

/// In scope, on this thread and in the tasks that it hands out: rounding to nearest, subnormal numbers, no traps. Afterwards what was before, the flags of exceptions included.
class DefaultArithmetic {
 public:
  DefaultArithmetic() noexcept {
    std::fegetenv(&before_);
    std::fesetenv(FE_DFL_ENV);
  }
  DefaultArithmetic(const DefaultArithmetic&) = delete;
  DefaultArithmetic& operator=(const DefaultArithmetic&) = delete;
  ~DefaultArithmetic() { std::fesetenv(&before_); }

 private:
  std::fenv_t before_;
};

}  // namespace crowfly
