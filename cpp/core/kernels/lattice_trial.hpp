// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "kernels/kernel_table.hpp"

namespace crowfly::kernels {

/// Whether the tile gives, to the bit, what plain arithmetic gives on numbers of its whole range. Every certified answer rests on these sums, so no table is
/// offered before this CPU has shown that it can do them. Some microseconds; AMX, a tenth of a millisecond.
[[nodiscard]] bool lattice_scan_is_exact(const Lattice& lattice);

}  // namespace crowfly::kernels
