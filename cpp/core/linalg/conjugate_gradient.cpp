// SPDX-License-Identifier: BSD-3-Clause
#include "linalg/conjugate_gradient.hpp"

namespace crowfly {

double dot(const Vector& a, const Vector& b) noexcept {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

Vector conjugate_gradient(const LinearMap& a, const LinearMap& preconditioner, const Vector& b, double reduction,
                          int max_steps) {
  Vector x(b.size(), 0.0), residual = b, z = preconditioner(residual), direction = z;
  double size = dot(residual, z);
  const double enough = reduction * reduction * size;
  for (int step = 0; step < max_steps && size > enough; ++step) {
    const Vector image = a(direction);
    const double curvature = dot(direction, image);
    if (!(curvature > 0)) return step == 0 ? direction : x;
    const double length = size / curvature;
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] += length * direction[i];
      residual[i] -= length * image[i];
    }
    z = preconditioner(residual);
    const double next = dot(residual, z);
    for (std::size_t i = 0; i < x.size(); ++i) direction[i] = z[i] + next / size * direction[i];
    size = next;
  }
  return x;
}

}  // namespace crowfly
