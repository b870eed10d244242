// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <variant>

#include "arrays.hpp"
#include "neighbors/neighbor_index.hpp"
#include "neighbors/neighbor_lists.hpp"
#include "neighbors/predict.hpp"

namespace crowfly::bindings {
namespace {

Metric named(const std::string& name, double p, Index n_features) {
  if (name == "euclidean") return Metric(MetricKind::euclidean);
  if (name == "sqeuclidean") return Metric(MetricKind::sqeuclidean);
  if (name == "manhattan") return Metric(MetricKind::manhattan);
  if (name == "chebyshev") return Metric(MetricKind::chebyshev);
  if (name == "cosine") return Metric(MetricKind::cosine);
  if (name == "minkowski") return Metric(MetricKind::minkowski, p);
  if (name == "nan_euclidean") return Metric::between_gaps(n_features);
  throw py::value_error("metric: unknown name '" + name + "'");
}

/// The metric of rows of so many features, in a box if `box` is given.
Metric metric_of(const std::string& name, double p, const OptionalDoubles& box, Index n_features) {
  const Metric metric = named(name, p, n_features);
  const double* period = doubles(box, n_features, "box");
  if (period == nullptr) return metric;
  const std::span<const double> periods(period, as_size(n_features));
  require(metric.as_stored() && metric.monotone(), "box: not with this metric");
  require(std::all_of(periods.begin(), periods.end(), [](double length) { return length > 0; }),
          "box: positive lengths expected");
  return metric.in_box(periods);
}

constexpr std::pair<const char*, Algorithm> algorithms[] = {{"auto", Algorithm::automatic},
                                                            {"direct", Algorithm::direct},
                                                            {"lattice", Algorithm::lattice},
                                                            {"cells", Algorithm::cells},
                                                            {"tree", Algorithm::tree}};

Algorithm algorithm_of(const std::string& name) {
  for (const auto& [known, algorithm] : algorithms) {
    if (name == known) return algorithm;
  }
  throw py::value_error("algorithm: unknown name '" + name + "'");
}

const char* name_of(Algorithm algorithm) noexcept {
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

/// The core's index together with the array that it refers to.
class IndexHandle {
 public:
  IndexHandle(py::array points, const std::string& metric, double p, const OptionalDoubles& box, double max_abs,
              const std::string& algorithm)
      : points_(std::move(points)),
        view_(matrix_view(points_, "points", true)),
        owned_(std::make_shared<NeighborIndex>(view_, metric_of(metric, p, box, view_.cols), max_abs,
                                               algorithm_of(algorithm))),
        index_(*owned_) {}

  /// An index of `points`, the first of which are the points of this one.
  [[nodiscard]] std::unique_ptr<IndexHandle> extended(py::array points, double max_abs) const {
    return std::unique_ptr<IndexHandle>(new IndexHandle(std::move(points), max_abs, *this));
  }

  py::tuple query(const py::array& queries, Index k, const Restriction& restriction, int num_threads) const {
    const MatrixView view = checked(queries);
    const Admission admission = restriction.admission(view.rows, view_.rows);
    require(k >= 1 && k <= view_.rows - (admission.exclude_self ? 1 : 0), "k: out of range");
    py::array_t<double> distances({view.rows, k});
    py::array_t<std::int64_t> indices({view.rows, k});
    double* distance_data = distances.mutable_data();
    std::int64_t* index_data = indices.mutable_data();
    {
      const LongCall call(num_threads);
      index_.nearest({view, admission}, k, [=, this](Index query, std::span<const Neighbor> neighbors) {
        for (std::size_t j = 0; j < neighbors.size(); ++j) {
          const Index at = query * k + static_cast<Index>(j);
          distance_data[at] = index_.metric().finish(neighbors[j].distance);
          index_data[at] = neighbors[j].index;
        }
      });
    }
    return py::make_tuple(distances, indices);
  }

  py::tuple explain(Index n_queries, Index k, int num_threads) const {
    require(n_queries >= 0 && k >= 1 && k <= view_.rows, "k: out of range");
    Plan plan{};
    int threads = 1;
    {
      const LongCall call(num_threads);
      plan = index_.explain(n_queries, k);
      threads = get_num_threads();
    }
    return py::make_tuple(name_of(plan.algorithm), plan.reason, plan.filter_bits, plan.built, plan.bytes, threads);
  }

  /// Votes for the classes of each output, whose numbers of classes `n_classes` lists.
  std::vector<py::array_t<double>> votes(const py::array& queries, ReachArgument reach, const Restriction& restriction,
                                         const std::vector<ClassNumbers>& classes, const std::vector<Index>& n_classes,
                                         bool by_distance, const OptionalDoubles& weights, int num_threads) const {
    const MatrixView view = checked(queries);
    const Poll poll = this->poll(view, reach, restriction, by_distance, weights);
    require(classes.size() == n_classes.size(), "labels: as many outputs as numbers of classes expected");
    std::vector<py::array_t<double>> votes;
    std::vector<Ballot> ballots;
    for (std::size_t output = 0; output < classes.size(); ++output) {
      const std::int32_t* numbers = checked(classes[output], n_classes[output]);
      votes.emplace_back(std::vector<py::ssize_t>{view.rows, n_classes[output]});
      ballots.push_back({numbers, n_classes[output], votes.back().mutable_data()});
    }
    {
      const LongCall call(num_threads);
      count_votes(poll, ballots);
    }
    return votes;
  }

  py::array_t<double> means(const py::array& queries, ReachArgument reach, const Restriction& restriction,
                            const py::array_t<double, py::array::c_style>& targets, bool by_distance,
                            const OptionalDoubles& weights, int num_threads) const {
    const MatrixView view = checked(queries);
    const Poll poll = this->poll(view, reach, restriction, by_distance, weights);
    require(targets.ndim() == 2 && targets.shape(0) == view_.rows, "targets: one row per point expected");
    py::array_t<double> means({view.rows, targets.shape(1)});
    double* data = means.mutable_data();
    {
      const LongCall call(num_threads);
      average_targets(poll, targets.data(), targets.shape(1), data);
    }
    return means;
  }

  /// For every number of neighbours up to k, how many points are classified right by the others.
  std::vector<Index> leave_one_out(Index k, const Restriction& restriction, const ClassNumbers& classes,
                                   Index n_classes, bool by_distance, int num_threads) const {
    const Poll poll = this->poll(view_, ReachArgument(k), restriction, by_distance, std::nullopt);
    const std::int32_t* numbers = checked(classes, n_classes);
    const LongCall call(num_threads);
    return count_right(poll, numbers, n_classes);
  }

  py::tuple query_radius(const py::array& queries, double radius, const Restriction& restriction,
                         int num_threads) const {
    const MatrixView view = checked(queries);
    const Admission admission = restriction.admission(view.rows, view_.rows);
    static_assert(sizeof(Index) == sizeof(std::int64_t));
    std::optional<NeighborLists> lists;
    {
      const LongCall call(num_threads);
      lists.emplace(index_, Request{view, admission}, radius);
    }
    py::array_t<double> distances(lists->offsets().back());
    py::array_t<std::int64_t> indices(lists->offsets().back());
    double* distance_data = distances.mutable_data();
    auto* index_data = reinterpret_cast<Index*>(indices.mutable_data());
    {
      const LongCall call(num_threads);
      lists->move_to(distance_data, index_data);
    }
    return py::make_tuple(distances, indices, py::array_t<std::int64_t>(lists->n_lists() + 1, lists->offsets().data()));
  }

  py::array_t<std::int64_t> count_radius(const py::array& queries, double radius, const Restriction& restriction,
                                         int num_threads) const {
    const MatrixView view = checked(queries);
    const Admission admission = restriction.admission(view.rows, view_.rows);
    py::array_t<std::int64_t> counts(view.rows);
    auto* data = reinterpret_cast<Index*>(counts.mutable_data());
    static_assert(sizeof(Index) == sizeof(std::int64_t));
    {
      const LongCall call(num_threads);
      index_.count_within({view, admission}, radius, data);
    }
    return counts;
  }

 private:
  IndexHandle(py::array points, double max_abs, const IndexHandle& before)
      : points_(std::move(points)),
        view_(matrix_view(points_, "points", true)),
        owned_(extension(before, max_abs)),
        index_(*owned_) {}

  std::shared_ptr<const NeighborIndex> extension(const IndexHandle& before, double max_abs) {
    const Index n_added = view_.rows - before.view_.rows;
    require(view_.cols == before.view_.cols && n_added >= 0, "points: those of the index and others expected");
    auto base = NeighborIndex::base_for(before.owned_, n_added);
    // The base refers to the points that it was made from.
    if (base != nullptr) base_points_ = base == before.owned_ ? before.points_ : before.base_points_;
    return std::make_shared<NeighborIndex>(view_, before.index_.metric(), max_abs, before.index_.algorithm(),
                                           std::move(base));
  }

  [[nodiscard]] MatrixView checked(const py::array& queries) const {
    const MatrixView view = matrix_view(queries, "queries", true);
    require(view.cols == view_.cols, "queries: as many features as the points expected");
    return view;
  }

  [[nodiscard]] Reach checked(ReachArgument reach, const Admission& admission) const {
    if (const double* radius = std::get_if<double>(&reach)) {
      require(*radius >= 0, "radius: a number >= 0 expected");
      return Within{*radius};
    }
    const Index k = std::get<Index>(reach);
    require(k >= 1 && k <= view_.rows - (admission.exclude_self ? 1 : 0), "k: out of range");
    return Nearest{k};
  }

  [[nodiscard]] Poll poll(const MatrixView& queries, ReachArgument reach, const Restriction& restriction,
                          bool by_distance, const OptionalDoubles& weights) const {
    const Admission admission = restriction.admission(queries.rows, view_.rows);
    return {.index = index_,
            .request = {queries, admission},
            .reach = checked(reach, admission),
            .weighting = by_distance ? Weighting::inverse_distance : Weighting::uniform,
            .point_weights = doubles(weights, view_.rows, "sample_weight")};
  }

  /// One class number per point, all below `n_classes`.
  [[nodiscard]] const std::int32_t* checked(const ClassNumbers& classes, Index n_classes) const {
    require(classes.ndim() == 1 && classes.shape(0) == view_.rows, "labels: one per point expected");
    const std::span<const std::int32_t> all(classes.data(), as_size(view_.rows));
    const auto known = [&](std::int32_t c) { return c >= 0 && c < n_classes; };
    require(std::all_of(all.begin(), all.end(), known), "labels: class numbers out of range");
    return all.data();
  }

  py::array points_;
  MatrixView view_;
  py::object base_points_;
  std::shared_ptr<const NeighborIndex> owned_;
  const NeighborIndex& index_;
};

py::array_t<double> pairwise(const py::array& x, const py::array& y, const std::string& metric, double p,
                             const OptionalDoubles& box, int num_threads) {
  const MatrixView left = matrix_view(x, "X", true), right = matrix_view(y, "Y", true);
  require(left.cols == right.cols, "Y: as many features as X expected");
  const Metric chosen = metric_of(metric, p, box, left.cols);
  py::array_t<double> out({left.rows, right.rows});
  double* data = out.mutable_data();
  {
    const LongCall call(num_threads);
    pairwise_distances(left, right, chosen, data);
  }
  return out;
}

}  // namespace

void bind_neighbors(py::module_& m) {
  py::class_<Restriction>(m, "Restriction")
      .def(py::init<bool, Restriction::Labels, Restriction::Labels, Restriction::Mask>(), py::arg("exclude_self"),
           py::arg("query_groups"), py::arg("point_groups"), py::arg("mask"));
  py::class_<IndexHandle>(m, "Index")
      .def(py::init<py::array, const std::string&, double, const OptionalDoubles&, double, const std::string&>(),
           py::arg("points"), py::arg("metric"), py::arg("p"), py::arg("box"), py::arg("max_abs"), py::arg("algorithm"))
      .def("extended", &IndexHandle::extended, py::arg("points"), py::arg("max_abs"))
      .def("query", &IndexHandle::query, py::arg("queries"), py::arg("k"), py::arg("restriction"),
           py::arg("num_threads"))
      .def("explain", &IndexHandle::explain, py::arg("n_queries"), py::arg("k"), py::arg("num_threads"))
      .def("votes", &IndexHandle::votes, py::arg("queries"), py::arg("reach"), py::arg("restriction"),
           py::arg("classes"), py::arg("n_classes"), py::arg("by_distance"), py::arg("weights"), py::arg("num_threads"))
      .def("means", &IndexHandle::means, py::arg("queries"), py::arg("reach"), py::arg("restriction"),
           py::arg("targets"), py::arg("by_distance"), py::arg("weights"), py::arg("num_threads"))
      .def("leave_one_out", &IndexHandle::leave_one_out, py::arg("k"), py::arg("restriction"), py::arg("classes"),
           py::arg("n_classes"), py::arg("by_distance"), py::arg("num_threads"))
      .def("query_radius", &IndexHandle::query_radius, py::arg("queries"), py::arg("radius"), py::arg("restriction"),
           py::arg("num_threads"))
      .def("count_radius", &IndexHandle::count_radius, py::arg("queries"), py::arg("radius"), py::arg("restriction"),
           py::arg("num_threads"));
  m.def("pairwise_distances", &pairwise, py::arg("X"), py::arg("Y"), py::arg("metric"), py::arg("p"), py::arg("box"),
        py::arg("num_threads"));
}

}  // namespace crowfly::bindings
