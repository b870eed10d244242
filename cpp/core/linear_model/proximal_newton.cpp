// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/proximal_newton.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.hpp"
#include "linear_model/logistic_bounds.hpp"
#include "linear_model/model_descent.hpp"

namespace crowfly {
namespace {

class ProximalNewton : public ModelDescent {
 public:
  ProximalNewton(LossFunction& loss, const std::vector<FeaturePenalty>& penalty, const Vector& reach, Vector start)
      : ModelDescent(penalty, reach, std::move(start)), loss_(loss) {}

 private:
  [[nodiscard]] LossValue loss_at(const Vector& parameters) override { return loss_.evaluate(parameters); }

  /// The Hessian with both triangles. Several classes: along "the same vector for all" the loss is flat; where nothing is penalised either, the outer product
  /// of these directions is added, which changes no step (logistic_bounds.hpp).
  [[nodiscard]] Matrix model_hessian() const {
    Matrix hessian = fit_.value.hessian.copy();
    const Index m = loss_.cols(), vectors = loss_.n_vectors();
    for (Index j = 0; j < m && vectors > 1; ++j) {
      if (penalty(as_size(j)).l1 != 0 || penalty(as_size(j)).l2 != 0) continue;
      fix_gauge(hessian, j, m, vectors);
    }
    for (Index j = 0; j < hessian.cols(); ++j) {
      for (Index i = 0; i < j; ++i) hessian(i, j) = hessian(j, i);
    }
    return hessian;
  }

  void minimise_model() override {
    const Vector& x = fit_.parameters;
    Matrix hessian = model_hessian();
    Vector cross(x.size());
    double size = 0, force = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double root = std::sqrt(hessian(static_cast<Index>(i), static_cast<Index>(i)));
      cross[i] = -fit_.value.gradient[i];
      size += std::fabs(x[i]) * root;
      if (root > 0) force = std::max(force, std::fabs(cross[i]) / root);
    }
    for (std::size_t j = 0; j < x.size(); ++j) {
      if (x[j] == 0) continue;
      const double* column = hessian.col(static_cast<Index>(j));
      for (std::size_t i = 0; i < x.size(); ++i) cross[i] += column[i] * x[j];
    }
    std::vector<FeaturePenalty> penalties(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) penalties[i] = penalty(i);
    SparseQuadratic model(std::move(hessian), std::move(cross), std::move(penalties), x, size + force);
    model.solve();
    target_ = model.coef();
  }

  LossFunction& loss_;
};

}  // namespace

ProximalFit proximal_newton(LossFunction& loss, const std::vector<FeaturePenalty>& penalty, const Vector& reach,
                            Vector start, double precision, int max_steps) {
  check(static_cast<Index>(penalty.size()) == loss.cols() && static_cast<Index>(start.size()) == loss.size());
  return ProximalNewton(loss, penalty, reach, std::move(start)).run(precision, max_steps);
}

}  // namespace crowfly
