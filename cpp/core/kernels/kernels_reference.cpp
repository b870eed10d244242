// SPDX-License-Identifier: BSD-3-Clause
#include "kernels/fill_table.inl.hpp"
#include "kernels/vec_reference.hpp"

namespace crowfly::kernels::reference {

// Constant-initialised: no code of this file runs before dispatch has chosen it.
extern const KernelTable table;
constinit const KernelTable table = make_table<Isa>("reference");

}  // namespace crowfly::kernels::reference
