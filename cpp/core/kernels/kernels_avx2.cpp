// SPDX-License-Identifier: BSD-3-Clause
#include "kernels/fill_table.inl.hpp"
#include "kernels/vec_avx2.hpp"

namespace crowfly::kernels::avx2 {

// Constant-initialised: no code of this file runs before dispatch has chosen it.
extern const KernelTable table;
constinit const KernelTable table = make_table<Isa>("avx2");

}  // namespace crowfly::kernels::avx2
