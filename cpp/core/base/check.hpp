// SPDX-License-Identifier: BSD-3-Clause
// Checks of our own invariants and the two exceptions for the caller's mistakes that only the core can notice.
#pragma once

#include <exception>
#include <source_location>
#include <stdexcept>
#include <string>

namespace crowfly {

/// The caller's argument is wrong; `what()` names it. Becomes a ValueError in Python.
class InvalidArgument : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// Data hold NaN, infinity, or numbers so large that their sum overflows. Where exactly is found by `scan`, on the way to the error message only.
class NotFinite : public std::exception {
 public:
  [[nodiscard]] const char* what() const noexcept override { return "data are not finite"; }
};

/// A broken invariant of this library, never the caller's fault.
inline void check(bool invariant, std::source_location where = std::source_location::current()) {
  if (!invariant) {
    throw std::logic_error(std::string("crowfly: broken invariant at ") + where.file_name() + ":" +
                           std::to_string(where.line()));
  }
}

}  // namespace crowfly
