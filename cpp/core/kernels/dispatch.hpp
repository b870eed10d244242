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

/// The thread as the tiles of a Lattice or a CoarseGram need it, for as long as this lives. Not to be nested, and short: other libraries may use the same registers, so
/// nothing of theirs (no callback, no checkpoint()) may run in between.
class TileScope {
 public:
  template <class Kernels>
  explicit TileScope(const Kernels& kernels) noexcept : leave_(kernels.leave) {
    kernels.enter();
  }
  ~TileScope() { leave_(); }
  TileScope(const TileScope&) = delete;
  TileScope& operator=(const TileScope&) = delete;

 private:
  Lattice::ThreadState leave_;
};
using LatticeScope = TileScope;

/// Names of the tables that were compiled in and that this CPU can run, slowest first. To tell, each is tried once per process, registers asked for.
[[nodiscard]] std::vector<std::string> available();

}  // namespace crowfly::kernels
