// SPDX-License-Identifier: BSD-3-Clause
#include "kernels/coarse_avx512bf16.inl.hpp"
#include "kernels/fill_table.inl.hpp"
#include "kernels/vec_avx512.hpp"

namespace crowfly::kernels::avx512bf16 {
namespace {

constexpr KernelTable make_bf16_table() {
  KernelTable t = make_table<Isa>("avx512bf16");
  t.coarse_gram = make_pair_gram();
  return t;
}

}  // namespace

extern const KernelTable table;
constinit const KernelTable table = make_bf16_table();

}  // namespace crowfly::kernels::avx512bf16
