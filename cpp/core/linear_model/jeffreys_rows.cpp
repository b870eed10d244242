// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/jeffreys_rows.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/dispatch.hpp"

namespace crowfly {

JeffreysRows::JeffreysRows(Index capacity, Index n_vectors)
    : vectors_(n_vectors),
      padded_(round_up(capacity, kernels::row_padding)),
      eta_(AlignedBuffer<double>::zeros(padded_ * n_vectors)),
      change_(AlignedBuffer<double>::zeros(padded_ * n_vectors)),
      image_(AlignedBuffer<double>::zeros(padded_ * n_vectors)),
      changed_image_(AlignedBuffer<double>::zeros(padded_ * n_vectors)),
      spread_(padded_ * n_vectors),
      spread_change_(padded_ * n_vectors),
      slope_(padded_ * n_vectors),
      weight_(padded_),
      entry_(padded_),
      mean_(padded_),
      variance_(padded_),
      skew_(padded_) {}

void JeffreysRows::evaluate(const double* weights, Index begin, Index count) {
  for (Index k = 0; k < padded_; ++k) weight_[k] = k >= count ? 0.0 : weights == nullptr ? 1.0 : weights[begin + k];
  std::fill_n(spread_.data(), padded_ * vectors_, 0.0);
  std::fill_n(spread_change_.data(), padded_ * vectors_, 0.0);
  if (vectors_ > 1) {
    kernels::active().softmax(eta_.data(), vectors_, padded_, mean_.data());
    return;
  }
  for (Index k = 0; k < padded_; ++k) {
    const double e = std::exp(-std::fabs(eta_[k]));
    variance_[k] = e / ((1 + e) * (1 + e));
    skew_[k] = -std::tanh(0.5 * eta_[k]);
  }
}

void JeffreysRows::evaluate_change() {
  if (vectors_ == 1) return;
  centre(change_);
  for (Index i = 0; i < padded_ * vectors_; ++i) change_[i] *= eta_[i];
}

/// Less the means over classes, where the part that is the same for all cancels.
void JeffreysRows::centre(AlignedBuffer<double>& images) {
  sum_over_classes(eta_, images);
  for (Index v = 0; v < vectors_; ++v) {
    double* image = images.data() + v * padded_;
    for (Index k = 0; k < padded_; ++k) image[k] -= mean_[k];
  }
}

/// Of products, into `mean_`.
void JeffreysRows::sum_over_classes(const AlignedBuffer<double>& a, const AlignedBuffer<double>& b) {
  std::fill_n(mean_.data(), padded_, 0.0);
  for (Index v = 0; v < vectors_; ++v) {
    const double *left = a.data() + v * padded_, *right = b.data() + v * padded_;
    for (Index k = 0; k < padded_; ++k) mean_[k] += left[k] * right[k];
  }
}

void JeffreysRows::add_image() {
  if (vectors_ > 1) centre(image_);
  for (Index i = 0; i < padded_ * vectors_; ++i) spread_[i] += image_[i] * image_[i];
}

/// The inverse information changes by minus inverse, change, inverse; the mean image by the images times the probabilities' changes.
void JeffreysRows::add_images() {
  add_image();
  if (vectors_ > 1) centre(changed_image_);
  for (Index i = 0; i < padded_ * vectors_; ++i) spread_change_[i] -= image_[i] * changed_image_[i];
  if (vectors_ == 1) return;
  sum_over_classes(change_, image_);
  for (Index v = 0; v < vectors_; ++v) {
    const double* image = image_.data() + v * padded_;
    double* spread_change = spread_change_.data() + v * padded_;
    for (Index k = 0; k < padded_; ++k) spread_change[k] -= 2 * mean_[k] * image[k];
  }
}

void JeffreysRows::finish() {
  if (vectors_ == 1) {
    for (Index k = 0; k < padded_; ++k) {
      mean_[k] = variance_[k] * spread_[k];
      slope_[k] = 0.5 * weight_[k] * mean_[k] * skew_[k];
    }
    return;
  }
  sum_over_classes(eta_, spread_);
  for (Index v = 0; v < vectors_; ++v) {
    for (Index k = 0; k < padded_; ++k) {
      const Index i = v * padded_ + k;
      slope_[i] = 0.5 * weight_[k] * eta_[i] * (spread_[i] - mean_[k]);
    }
  }
}

void JeffreysRows::finish_change() {
  if (vectors_ == 1) {
    for (Index k = 0; k < padded_; ++k) {
      const double own = (1 - 6 * variance_[k]) * change_[k] * spread_[k], other = skew_[k] * spread_change_[k];
      slope_[k] = 0.5 * weight_[k] * variance_[k] * (own + other);
    }
    return;
  }
  for (Index k = 0; k < padded_; ++k) {
    double mean = 0, mean_change = 0;
    for (Index v = 0; v < vectors_; ++v) {
      const Index i = v * padded_ + k;
      mean += eta_[i] * spread_[i];
      mean_change += change_[i] * spread_[i] + eta_[i] * spread_change_[i];
    }
    for (Index v = 0; v < vectors_; ++v) {
      const Index i = v * padded_ + k;
      slope_[i] = 0.5 * weight_[k] * (change_[i] * (spread_[i] - mean) + eta_[i] * (spread_change_[i] - mean_change));
    }
  }
}

const double* JeffreysRows::held_curvature(Index u, Index v) noexcept {
  if (vectors_ == 1) {
    for (Index k = 0; k < padded_; ++k) entry_[k] = weight_[k] * mean_[k] * variance_[k];
    return entry_.data();
  }
  const double *p = eta(v), *other = eta(u);
  const double share = 0.5 * static_cast<double>(vectors_) / static_cast<double>(vectors_ - 1);
  for (Index k = 0; k < padded_; ++k) {
    entry_[k] = share * weight_[k] * mean_[k] * p[k] * (u == v ? 1.0 - p[k] : -other[k]);
  }
  return entry_.data();
}

const double* JeffreysRows::curvature_change(Index u, Index v) noexcept {
  if (vectors_ == 1) {
    for (Index k = 0; k < padded_; ++k) entry_[k] = weight_[k] * variance_[k] * skew_[k] * change_[k];
    return entry_.data();
  }
  const double *p = eta(v), *other = eta(u), *moved = change(v), *other_moved = change(u);
  for (Index k = 0; k < padded_; ++k) {
    const double own = u == v ? moved[k] : 0.0;
    entry_[k] = weight_[k] * (own - moved[k] * other[k] - p[k] * other_moved[k]);
  }
  return entry_.data();
}

}  // namespace crowfly
