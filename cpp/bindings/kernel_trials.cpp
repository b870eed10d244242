// SPDX-License-Identifier: BSD-3-Clause
#include "kernel_trials.hpp"

namespace crowfly::bindings {
namespace {

using kernels::KernelTable;

// Operations of the bodies in logistic_kernel.inl.hpp; what works in place stays in its range when repeated.

constexpr int exponential_operations = 44, log_one_plus_operations = 39;
constexpr int logistic_operations = exponential_operations + log_one_plus_operations + 14;

Trial logistic_terms(const KernelTable& t, Index size) {
  const Index n = round_up(size, kernels::row_padding);
  Trial trial;
  trial.shape = text(n) + " rows";
  trial.work = {Precision::float64, times(logistic_operations, n), times(24, n), times(16, n)};
  auto *eta = trial.array(n), *sign = trial.array(n), *weight = trial.array(n);
  auto *residual = trial.array(n), *curvature = trial.array(n);
  for (Index k = 0; k < n; ++k) sign[k] = k % 3 == 0 ? -1.0 : 1.0;
  trial.call = [=, kernel = t.logistic_terms] { kernel(eta, sign, weight, n, residual, curvature); };
  return trial;
}

/// The logarithm of each row's sum is the C library's and not counted.
Trial softmax(const KernelTable& t, Index size) {
  constexpr Index classes = 8;
  const Index n = round_up(size, kernels::row_padding);
  Trial trial;
  trial.shape = text(n) + " rows, " + text(classes) + " classes";
  trial.work = {Precision::float64, times(exponential_operations + 4, classes, n), times(24, classes, n),
                times(16, classes, n) + times(8, n)};
  auto *eta = trial.array(classes * n), *log_sum = trial.array(n);
  trial.call = [=, kernel = t.softmax] { kernel(eta, classes, n, log_sum); };
  return trial;
}

template <class T>
Trial finite_max_abs(const KernelTable& t, Index n) {
  Trial trial;
  trial.shape = text(n) + " values";
  trial.work = {Precision::float64, times(3, n), times(static_cast<Index>(sizeof(T)), n), 0};
  const auto* values = trial.array<T>(n);
  auto* out = trial.array(1);
  trial.call = [=, kernel = sizeof(T) == 4 ? t.finite_max_abs_f32 : t.finite_max_abs_f64] { *out = kernel(values, n); };
  return trial;
}

Trial in_place(void (*kernel)(double*, Index), int operations, Index size) {
  const Index n = round_up(size, kernels::row_padding);
  Trial trial;
  trial.shape = text(n) + " values";
  trial.work = {Precision::float64, times(operations, n), times(8, n), times(8, n)};
  auto* values = trial.array(n);
  trial.call = [=] { kernel(values, n); };
  return trial;
}

Trial exponential(const KernelTable& t, Index n) { return in_place(t.exponential, exponential_operations, n); }
Trial log_one_plus(const KernelTable& t, Index n) { return in_place(t.log_one_plus, log_one_plus_operations, n); }

// --- The machine's limits -----------------------------------------------------------------------------------------------

template <Precision precision>
Trial fma_chain(const KernelTable& t, Index size) {
  const Index n = round_up(size, kernels::fma_multiple);
  Trial trial;
  trial.shape = text(n) + " multiply-adds";
  trial.work = {precision, times(2, n), 0, 0};
  trial.call = [=, kernel = precision == Precision::float32 ? t.fma_chain_f32 : t.fma_chain_f64] { kernel(n); };
  return trial;
}

Trial byte_chain(const KernelTable& t, Index size) {
  const Index n = round_up(size, kernels::byte_multiple);
  Trial trial;
  trial.shape = text(n) + " products";
  trial.work = {Precision::int8, times(2, n), 0, 0};
  trial.call = [=, kernel = t.byte_chain] { kernel(n); };
  return trial;
}

Trial read_stream(const KernelTable& t, Index size) {
  const Index n = round_up(size, kernels::stream_multiple);
  Trial trial;
  trial.shape = text(n) + " doubles";
  trial.work = {Precision::float64, times(n), times(8, n), 0};
  const auto* values = trial.array(n);
  trial.call = [=, kernel = t.read_stream] { kernel(values, n); };
  return trial;
}

Trial write_stream(const KernelTable& t, Index size) {
  const Index n = round_up(size, kernels::stream_multiple);
  Trial trial;
  trial.shape = text(n) + " doubles";
  trial.work = {Precision::float64, 0, 0, times(8, n)};
  auto* target = trial.array(n);
  trial.call = [=, kernel = t.write_stream] { kernel(1.0, n, target); };
  return trial;
}

const TrialEntry of_values[] = {
    {"finite_max_abs_f32", 2048, finite_max_abs<float>},
    {"finite_max_abs_f64", 2048, finite_max_abs<double>},
    {"logistic_terms", 512, logistic_terms},
    {"softmax", 256, softmax},
    {"exponential", 1024, exponential},
    {"log_one_plus", 1024, log_one_plus},
};

const TrialEntry probes[] = {
    {"fma_chain_f32", 192'000, fma_chain<Precision::float32>},
    {"fma_chain_f64", 192'000, fma_chain<Precision::float64>},
    {"byte_chain", 786'432, byte_chain},
    {"read_stream", 3072, read_stream},
    {"write_stream", 3072, write_stream},
};

}  // namespace

std::vector<TrialEntry> kernel_trials() {
  std::vector<TrialEntry> all;
  for (const auto& list : {neighbor_trials(), panel_trials(), std::span<const TrialEntry>(of_values)}) {
    all.insert(all.end(), list.begin(), list.end());
  }
  return all;
}
std::span<const TrialEntry> probe_trials() noexcept { return probes; }

}  // namespace crowfly::bindings
