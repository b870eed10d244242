// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/coarse_iterate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace crowfly {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();
constexpr double sufficient_decrease = 1e-4;
constexpr int max_halvings = 30;

}  // namespace

CoarseIterate::CoarseIterate(const LogisticData& data, const Vector& penalty, Vector start)
    : data_(data), penalty_(penalty), loss_(data) {
  state.parameters = std::move(start);
}

void CoarseIterate::evaluate(Curvatures wanted) {
  state.value = loss_.evaluate(state.parameters, wanted);
  if (reach_.empty()) reach_ = state.value.reach;
  state.value.reach = reach_;
  state.objective = add_penalty(penalty_, state.parameters, state.value);
  ++state.n_reads;
}

double CoarseIterate::move(const Vector& step, double slope, Curvatures wanted) {
  CoarseDescent start;
  start.parameters = state.parameters;
  start.value = std::move(state.value);
  start.objective = state.objective;
  const double largest = std::max(std::fabs(start.value.smallest_margin), std::fabs(start.value.largest_margin));
  const double rounding = (16 + 8 * largest) * eps * std::fabs(start.objective);
  double length = 1;
  for (int i = 0; i < max_halvings; ++i, length /= 2) {
    for (std::size_t j = 0; j < step.size(); ++j) state.parameters[j] = start.parameters[j] + length * step[j];
    evaluate(wanted);
    if (state.objective <= start.objective + sufficient_decrease * length * slope + rounding) return length;
  }
  state.parameters = std::move(start.parameters);
  state.value = std::move(start.value);
  state.objective = start.objective;
  return 0;
}

void CoarseIterate::leave_out_gauge(Vector& step) const {
  const Index cols = data_.design.cols(), vectors = data_.n_vectors();
  for (Index j = 0; vectors > 1 && j < cols; ++j) {
    double mean = 0;
    for (Index v = 0; v < vectors; ++v) mean += step[as_size(v * cols + j)] / static_cast<double>(vectors);
    for (Index v = 0; v < vectors; ++v) step[as_size(v * cols + j)] -= mean;
  }
}

Vector CoarseIterate::diagonal() const {
  Vector result = loss_.diagonal();
  for (std::size_t i = 0; i < result.size(); ++i) result[i] += penalty_[i % penalty_.size()];
  return result;
}

}  // namespace crowfly
