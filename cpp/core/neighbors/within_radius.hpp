// SPDX-License-Identifier: BSD-3-Clause
// What a search by radius keeps: the neighbours, or only their number. The counterparts of TopK.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "neighbors/metric.hpp"
#include "neighbors/top_k.hpp"

namespace crowfly {

/// Neighbours at a distance, as it is reported, of at most the radius.
class RadiusLimit {
 public:
  RadiusLimit(const Metric& metric, double radius) noexcept
      : metric_(metric), radius_(radius), limit_(metric.raw_limit(radius)) {}

  /// No number of neighbours bounds what else can enter.
  [[nodiscard]] static Index wanted() noexcept { return 0; }
  [[nodiscard]] RawDistance limit() const noexcept { return {limit_, 0}; }
  [[nodiscard]] bool may_enter(double raw, Index /*index*/) const noexcept { return raw <= limit_; }

 protected:
  [[nodiscard]] bool inside(RawDistance distance) const noexcept { return metric_.finish(distance) <= radius_; }

 private:
  Metric metric_;
  double radius_, limit_;
};

class WithinRadius : public RadiusLimit {
 public:
  using RadiusLimit::RadiusLimit;
  explicit WithinRadius(const RadiusLimit& limit) : RadiusLimit(limit) {}

  [[nodiscard]] WithinRadius another() const { return WithinRadius(static_cast<const RadiusLimit&>(*this)); }
  void clear() noexcept { found_.clear(); }
  void offer(const Neighbor& candidate) {
    if (inside(candidate.distance)) found_.push_back(candidate);
  }
  void merge(const WithinRadius& other) { found_.insert(found_.end(), other.found_.begin(), other.found_.end()); }
  [[nodiscard]] std::span<const Neighbor> sort() {
    std::sort(found_.begin(), found_.end());
    return found_;
  }

 private:
  std::vector<Neighbor> found_;
};

class CountWithin : public RadiusLimit {
 public:
  using RadiusLimit::RadiusLimit;
  explicit CountWithin(const RadiusLimit& limit) : RadiusLimit(limit) {}

  [[nodiscard]] CountWithin another() const { return CountWithin(static_cast<const RadiusLimit&>(*this)); }
  void clear() noexcept { count_ = 0; }
  void offer(const Neighbor& candidate) noexcept { count_ += inside(candidate.distance) ? 1 : 0; }
  void add(Index n) noexcept { count_ += n; }
  void merge(const CountWithin& other) noexcept { count_ += other.count_; }
  [[nodiscard]] Index count() const noexcept { return count_; }

 private:
  Index count_ = 0;
};

}  // namespace crowfly
