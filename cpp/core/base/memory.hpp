// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace crowfly {

/// Bytes of memory of this machine; infinity where the system doesn't tell.
[[nodiscard]] double physical_memory() noexcept;

}  // namespace crowfly
