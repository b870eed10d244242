// SPDX-License-Identifier: BSD-3-Clause
#include "kernels/dispatch.hpp"

#include <atomic>
#include <iterator>
#include <mutex>

#include "base/check.hpp"
#include "base/cpu_features.hpp"
#include "kernels/lattice_trial.hpp"

namespace crowfly::kernels {

// isa_list.inc is written by cpp/cmake/isa.cmake, one row per instruction set with the features that its compiler flags enable.
#define CROWFLY_ISA_ROW(isa, features) \
  namespace isa {                      \
  extern const KernelTable table;      \
  }
#include "isa_list.inc"
#undef CROWFLY_ISA_ROW

namespace {

struct Row {
  const KernelTable* table;
  FeatureMask features;
  mutable std::once_flag tried{};
  mutable bool works = false;
};

const Row rows[] = {
#define CROWFLY_ISA_ROW(isa, features) {&isa::table, features},
#include "isa_list.inc"
#undef CROWFLY_ISA_ROW
};

/// The sums of both lattices, on this very CPU.
bool tiles_are_exact(const KernelTable& table) {
  return lattice_scan_is_exact(table.byte_lattice) && lattice_scan_is_exact(table.word_lattice);
}

bool runs_here(const Row& row) {
  std::call_once(row.tried, [&] {
    row.works = (row.features & ~cpu_features()) == 0 && request_registers(row.features) && tiles_are_exact(*row.table);
  });
  return row.works;
}

std::atomic<const KernelTable*> chosen{rows[0].table};

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

const KernelTable& active() noexcept { return *chosen.load(std::memory_order_relaxed); }

std::vector<std::string> available() {
  std::vector<std::string> names;
  for (const Row& row : rows) {
    if (runs_here(row)) names.emplace_back(row.table->name);
  }
  return names;
}

void select(const std::string& name) {
  bool known = false;
  // From the best down, and no further than need be: a table that isn't wanted is not tried, nor are its registers asked for.
  for (auto row = std::rbegin(rows); row != std::rend(rows); ++row) {
    if (!name.empty() && name != row->table->name) continue;
    known = true;
    if (!runs_here(*row)) continue;
    chosen.store(row->table);
    return;
  }
  throw InvalidArgument("CROWFLY_ISA=" + name + (known ? ": this CPU can't run it" : ": unknown instruction set") +
                        "; those that work here: " + joined(available()));
}

}  // namespace crowfly::kernels
