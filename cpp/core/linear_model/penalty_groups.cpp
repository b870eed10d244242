// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/penalty_groups.hpp"

#include <algorithm>

namespace crowfly {

PenaltyGroups::PenaltyGroups(const Vector& penalty) : penalty_(penalty), distinct_(penalty) {
  std::sort(distinct_.begin(), distinct_.end());
  distinct_.erase(std::unique(distinct_.begin(), distinct_.end()), distinct_.end());
}

Matrix PenaltyGroups::select(const Matrix& source, double alpha) const {
  Matrix chosen(source.rows(), std::count(penalty_.begin(), penalty_.end(), alpha));
  Index next = 0;
  for (Index t = 0; t < source.cols(); ++t) {
    if (penalty_[as_size(t)] == alpha) std::copy_n(source.col(t), source.rows(), chosen.col(next++));
  }
  return chosen;
}

void PenaltyGroups::scatter(const Matrix& chosen, double alpha, Matrix& target) const {
  Index next = 0;
  for (Index t = 0; t < target.cols(); ++t) {
    if (penalty_[as_size(t)] == alpha) std::copy_n(chosen.col(next++), chosen.rows(), target.col(t));
  }
}

}  // namespace crowfly
