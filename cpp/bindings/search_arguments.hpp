// SPDX-License-Identifier: BSD-3-Clause
// Arguments of searches: names become metrics and algorithms, arrays become restrictions.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <variant>

#include "arrays.hpp"
#include "neighbors/admission.hpp"
#include "neighbors/metric.hpp"
#include "neighbors/point_search.hpp"

namespace crowfly::bindings {

inline Metric named(const std::string& name, double p, Index n_features) {
  if (name == "euclidean") return Metric(MetricKind::euclidean);
  if (name == "sqeuclidean") return Metric(MetricKind::sqeuclidean);
  if (name == "manhattan") return Metric(MetricKind::manhattan);
  if (name == "chebyshev") return Metric(MetricKind::chebyshev);
  if (name == "cosine") return Metric(MetricKind::cosine);
  if (name == "minkowski") return Metric(MetricKind::minkowski, p);
  if (name == "nan_euclidean") return Metric::between_gaps(n_features);
  throw py::value_error("metric: unknown name '" + name + "'");
}

inline constexpr std::pair<const char*, MetricKind> metrics_of_pairs[] = {
    {"correlation", MetricKind::correlation},
    {"canberra", MetricKind::canberra},
    {"braycurtis", MetricKind::braycurtis},
    {"hamming", MetricKind::hamming},
    {"jaccard", MetricKind::jaccard},
    {"dice", MetricKind::dice},
    {"rogerstanimoto", MetricKind::rogerstanimoto},
    {"russellrao", MetricKind::russellrao},
    {"sokalsneath", MetricKind::sokalsneath},
    {"yule", MetricKind::yule},
    {"haversine", MetricKind::haversine},
    {"seuclidean", MetricKind::seuclidean},
    {"minkowski", MetricKind::minkowski},
    {"weighted_minkowski", MetricKind::weighted_minkowski},
    {"mahalanobis", MetricKind::mahalanobis}};

/// One of those that are measured pair by pair (of minkowski exponents below 1, too), with as many numbers as it needs.
inline Metric metric_of_pairs(const std::string& name, double p, const OptionalDoubles& numbers, Index n_features) {
  const auto* found = std::find_if(std::begin(metrics_of_pairs), std::end(metrics_of_pairs),
                                   [&](const auto& entry) { return name == entry.first; });
  if (found == std::end(metrics_of_pairs)) throw py::value_error("metric: unknown name '" + name + "'");
  const MetricKind kind = found->second;
  const bool by_feature = kind == MetricKind::seuclidean || kind == MetricKind::weighted_minkowski;
  const bool by_pair = kind == MetricKind::mahalanobis;
  require(numbers.has_value() == (by_feature || by_pair), "numbers: not those of the metric");
  require(n_features >= (kind == MetricKind::haversine ? 2 : 1), "points: too few features for the metric");
  require(!by_pair || n_features < (Index{1} << 31), "points: too many features for the metric");
  const Index size = by_pair ? n_features * n_features : n_features;
  const double* data = doubles(numbers, size, "numbers");
  return Metric::pair_by_pair(kind, p, n_features,
                              data == nullptr ? std::span<const double>() : std::span(data, as_size(size)));
}

/// The metric of rows of so many features, in a box if `box` is given.
inline Metric metric_of(const std::string& name, double p, const OptionalDoubles& box, Index n_features) {
  const Metric metric = named(name, p, n_features);
  const double* period = doubles(box, n_features, "box");
  if (period == nullptr) return metric;
  const std::span<const double> periods(period, as_size(n_features));
  require(metric.as_stored() && metric.monotone(), "box: not with this metric");
  require(std::all_of(periods.begin(), periods.end(), [](double length) { return length > 0; }),
          "box: positive lengths expected");
  return metric.in_box(periods);
}

inline constexpr std::pair<const char*, Algorithm> algorithms[] = {
    {"auto", Algorithm::automatic}, {"direct", Algorithm::direct}, {"lattice", Algorithm::lattice},
    {"cells", Algorithm::cells},    {"tree", Algorithm::tree},     {"inverted", Algorithm::inverted}};

inline Algorithm algorithm_of(const std::string& name) {
  for (const auto& [known, algorithm] : algorithms) {
    // What only sparse points have is for them to choose.
    if (name == known && algorithm != Algorithm::inverted) return algorithm;
  }
  throw py::value_error("algorithm: unknown name '" + name + "'");
}

inline const char* name_of(Algorithm algorithm) noexcept {
  for (const auto& [name, known] : algorithms) {
    if (algorithm == known) return name;
  }
  return "";
}

template <class Array>
auto entries(const Array& array, Index n, const char* complaint) {
  require(array.ndim() == 1 && array.shape(0) == n, complaint);
  return array.data();
}

/// Which points may be neighbours: the arrays behind an Admission.
class Restriction {
 public:
  using Labels = std::optional<py::array_t<std::int64_t, py::array::c_style>>;
  using Mask = std::optional<py::array_t<bool, py::array::c_style>>;

  Restriction(bool exclude_self, Labels query_groups, Labels point_groups, Mask mask)
      : exclude_self_(exclude_self),
        query_groups_(std::move(query_groups)),
        point_groups_(std::move(point_groups)),
        mask_(std::move(mask)) {}

  /// Checked against the numbers of queries and points.
  [[nodiscard]] Admission admission(Index n_queries, Index n_points) const {
    require(!exclude_self_ || n_queries == n_points, "queries: exclude_self needs one query per point");
    require(query_groups_.has_value() == point_groups_.has_value(), "groups: of queries and of points expected");
    Admission admission{.exclude_self = exclude_self_};
    if (query_groups_) admission.query_groups = entries(*query_groups_, n_queries, "groups: one per query expected");
    if (point_groups_) admission.point_groups = entries(*point_groups_, n_points, "groups: one per point expected");
    if (mask_) admission.mask = entries(*mask_, n_points, "mask: one entry per point expected");
    return admission;
  }

 private:
  bool exclude_self_;
  Labels query_groups_, point_groups_;
  Mask mask_;
};

/// A number of neighbours, or a radius: an integer or a float to Python.
using ReachArgument = std::variant<Index, double>;

using ClassNumbers = py::array_t<std::int32_t, py::array::c_style>;

}  // namespace crowfly::bindings
