// SPDX-License-Identifier: BSD-3-Clause
#include "arrays.hpp"
#include "neighbors/neighbor_index.hpp"

namespace crowfly::bindings {
namespace {

Metric metric_of(const std::string& name, double p) {
  if (name == "euclidean") return Metric(MetricKind::euclidean);
  if (name == "sqeuclidean") return Metric(MetricKind::sqeuclidean);
  if (name == "manhattan") return Metric(MetricKind::manhattan);
  if (name == "chebyshev") return Metric(MetricKind::chebyshev);
  if (name == "cosine") return Metric(MetricKind::cosine);
  if (name == "minkowski") return Metric(MetricKind::minkowski, p);
  throw py::value_error("metric: unknown name '" + name + "'");
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

/// The core's index together with the array that it refers to.
class IndexHandle {
 public:
  IndexHandle(py::array points, const std::string& metric, double p, double max_abs, const std::string& algorithm)
      : points_(std::move(points)),
        view_(matrix_view(points_, "points")),
        index_(view_, metric_of(metric, p), max_abs, algorithm_of(algorithm)) {}

  py::tuple query(const py::array& queries, Index k, bool exclude_self, int num_threads) const {
    const MatrixView view = checked(queries, exclude_self);
    require(k >= 1 && k <= view_.rows - (exclude_self ? 1 : 0), "k: out of range");
    py::array_t<double> distances({view.rows, k});
    py::array_t<std::int64_t> indices({view.rows, k});
    double* distance_data = distances.mutable_data();
    auto* index_data = reinterpret_cast<Index*>(indices.mutable_data());
    static_assert(sizeof(Index) == sizeof(std::int64_t));
    {
      const LongCall call(num_threads);
      index_.query(view, k, exclude_self, distance_data, index_data);
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
    return py::make_tuple(name_of(plan.algorithm), plan.reason, plan.built, plan.bytes, threads);
  }

  py::tuple query_radius(const py::array& queries, double radius, bool exclude_self, int num_threads) const {
    const MatrixView view = checked(queries, exclude_self);
    RadiusNeighbors found;
    {
      const LongCall call(num_threads);
      found = index_.query_radius(view, radius, exclude_self);
    }
    return py::make_tuple(owned_array(std::move(found.distances)), owned_array(std::move(found.indices)),
                          owned_array(std::move(found.offsets)));
  }

 private:
  [[nodiscard]] MatrixView checked(const py::array& queries, bool exclude_self) const {
    const MatrixView view = matrix_view(queries, "queries");
    require(view.cols == view_.cols, "queries: as many features as the points expected");
    require(!exclude_self || view.rows == view_.rows, "queries: exclude_self needs one query per point");
    return view;
  }

  py::array points_;
  MatrixView view_;
  NeighborIndex index_;
};

py::array_t<double> pairwise(const py::array& x, const py::array& y, const std::string& metric, double p,
                             int num_threads) {
  const MatrixView left = matrix_view(x, "X"), right = matrix_view(y, "Y");
  require(left.cols == right.cols, "Y: as many features as X expected");
  const Metric chosen = metric_of(metric, p);
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
  py::class_<IndexHandle>(m, "Index")
      .def(py::init<py::array, const std::string&, double, double, const std::string&>(), py::arg("points"),
           py::arg("metric"), py::arg("p"), py::arg("max_abs"), py::arg("algorithm"))
      .def("query", &IndexHandle::query, py::arg("queries"), py::arg("k"), py::arg("exclude_self"),
           py::arg("num_threads"))
      .def("explain", &IndexHandle::explain, py::arg("n_queries"), py::arg("k"), py::arg("num_threads"))
      .def("query_radius", &IndexHandle::query_radius, py::arg("queries"), py::arg("radius"), py::arg("exclude_self"),
           py::arg("num_threads"));
  m.def("pairwise_distances", &pairwise, py::arg("X"), py::arg("Y"), py::arg("metric"), py::arg("p"),
        py::arg("num_threads"));
}

}  // namespace crowfly::bindings
