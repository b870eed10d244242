// SPDX-License-Identifier: BSD-3-Clause
// Which kernel table runs. Chosen once, when the module is loaded: the best that this CPU can run, or the one that CROWFLY_ISA names.
#pragma once

#include <string>
#include <vector>

#include "kernels/kernel_table.hpp"

namespace crowfly::kernels {

/// The chosen table. `select` must have run.
[[nodiscard]] const KernelTable& active() noexcept;

/// Chooses; `name` empty means the best. Throws InvalidArgument naming those that work when `name` is unknown or this CPU lacks it.
void select(const std::string& name);

/// The thread as a lattice's tile needs it, for as long as this lives. Not to be nested, and short: other libraries may use the same registers, so nothing of theirs (no
/// callback, no checkpoint()) may run in between.
class LatticeScope {
 public:
  explicit LatticeScope(const Lattice& lattice) noexcept : leave_(lattice.leave) { lattice.enter(); }
  ~LatticeScope() { leave_(); }
  LatticeScope(const LatticeScope&) = delete;
  LatticeScope& operator=(const LatticeScope&) = delete;

 private:
  Lattice::ThreadState leave_;
};

/// Names of the tables that were compiled in and that this CPU can run, slowest first. To tell, each is tried once per process, registers asked for.
[[nodiscard]] std::vector<std::string> available();

}  // namespace crowfly::kernels
