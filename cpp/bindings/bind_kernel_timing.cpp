// SPDX-License-Identifier: BSD-3-Clause
// Times one kernel of the active instruction set without Python in between; bench/kernels.py turns the times into per cent of the machine's limits.
#include <chrono>

#include "arrays.hpp"
#include "kernel_trials.hpp"
#include "kernels/dispatch.hpp"

namespace crowfly::bindings {
namespace {

Trial make_trial(const std::string& name, Index size) {
  require(size >= 1 && size <= Index{1} << 32, "size: 1 to 2^32 expected");
  std::vector<TrialEntry> trials = kernel_trials();
  trials.insert(trials.end(), probe_trials().begin(), probe_trials().end());
  for (const TrialEntry& entry : trials) {
    if (name == entry.name) return entry.trial(kernels::active(), size);
  }
  throw py::value_error("name: no kernel '" + name + "'");
}

const char* name_of(Precision precision) noexcept {
  switch (precision) {
    case Precision::int8:
      return "int8";
    case Precision::float32:
      return "float32";
    default:
      return "float64";
  }
}

/// Not for two threads at once: kernels write to the trial's buffers.
class KernelTimer {
 public:
  KernelTimer(const std::string& name, Index size) : trial(make_trial(name, size)) {}

  /// Seconds of so many calls.
  double run(Index calls) const {
    const WithoutGil release;
    const kernels::LatticeScope scope(kernels::active().byte_lattice);
    const auto start = std::chrono::steady_clock::now();
    for (Index i = 0; i < calls; ++i) trial.call();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

  const Trial trial;
};

std::vector<std::pair<std::string, Index>> names_and_sizes(std::span<const TrialEntry> list) {
  std::vector<std::pair<std::string, Index>> names;
  for (const TrialEntry& entry : list) names.emplace_back(entry.name, entry.size);
  return names;
}

}  // namespace

void bind_kernel_timing(py::module_& m) {
  py::class_<KernelTimer>(m, "KernelTimer")
      .def(py::init<const std::string&, Index>(), py::arg("name"), py::arg("size"))
      .def("run", &KernelTimer::run, py::arg("calls"))
      .def_property_readonly("shape", [](const KernelTimer& t) { return t.trial.shape; })
      .def_property_readonly("precision", [](const KernelTimer& t) { return name_of(t.trial.work.precision); })
      .def_property_readonly("operations", [](const KernelTimer& t) { return t.trial.work.operations; })
      .def_property_readonly("bytes_loaded", [](const KernelTimer& t) { return t.trial.work.bytes_loaded; })
      .def_property_readonly("bytes_stored", [](const KernelTimer& t) { return t.trial.work.bytes_stored; })
      .def_property_readonly("footprint", [](const KernelTimer& t) { return t.trial.footprint(); });
  m.def("timed_kernels", [] { return names_and_sizes(kernel_trials()); });
  m.def("timed_probes", [] { return names_and_sizes(probe_trials()); });
}

}  // namespace crowfly::bindings
