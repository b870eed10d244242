// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <memory>
#include <variant>

#include "arrays.hpp"
#include "neighbors/neighbor_index.hpp"
#include "neighbors/neighbor_lists.hpp"
#include "neighbors/predict.hpp"
#include "neighbors/sparse_index.hpp"
#include "search_arguments.hpp"

namespace crowfly::bindings {
namespace {

/// Checked queries put to an index, and what they refer to.
struct Question {
  std::optional<SparseArrays> arrays;
  bool exclude_self;
  std::unique_ptr<const Search> search;
};

/// What all indices can be asked. Queries come as the points did.
class SearchHandle {
 public:
  SearchHandle() = default;
  SearchHandle(const SearchHandle&) = delete;
  SearchHandle& operator=(const SearchHandle&) = delete;
  virtual ~SearchHandle() = default;

  py::tuple query(const py::object& queries, Index k, const Restriction& restriction, int num_threads) const {
    const Question question = ask(queries, restriction);
    require_neighbors(k, question);
    const Search& search = *question.search;
    py::array_t<double> distances({search.n_queries(), k});
    py::array_t<std::int64_t> indices({search.n_queries(), k});
    double* distance_data = distances.mutable_data();
    std::int64_t* index_data = indices.mutable_data();
    {
      const LongCall call(num_threads);
      const Metric& metric = search.metric();
      search.nearest(k, [=, &metric](Index query, std::span<const Neighbor> neighbors) {
        for (std::size_t j = 0; j < neighbors.size(); ++j) {
          const Index at = query * k + static_cast<Index>(j);
          distance_data[at] = metric.finish(neighbors[j].distance);
          index_data[at] = neighbors[j].index;
        }
      });
    }
    return py::make_tuple(distances, indices);
  }

  py::tuple explain(Index n_queries, Index k, int num_threads) const {
    require(n_queries >= 0 && k >= 1 && k <= n_points(), "k: out of range");
    Plan plan{};
    int threads = 1;
    {
      const LongCall call(num_threads);
      plan = this->plan(n_queries, k);
      threads = get_num_threads();
    }
    return py::make_tuple(name_of(plan.algorithm), plan.reason, plan.filter_bits, plan.built, plan.bytes, threads);
  }

  /// Votes for the classes of each output, whose numbers of classes `n_classes` lists.
  std::vector<py::array_t<double>> votes(const py::object& queries, ReachArgument reach, const Restriction& restriction,
                                         const std::vector<ClassNumbers>& classes, const std::vector<Index>& n_classes,
                                         bool by_distance, const OptionalDoubles& weights, int num_threads) const {
    const Question question = ask(queries, restriction);
    const Poll poll = this->poll(question, reach, by_distance, weights);
    require(classes.size() == n_classes.size(), "labels: as many outputs as numbers of classes expected");
    std::vector<py::array_t<double>> votes;
    std::vector<Ballot> ballots;
    for (std::size_t output = 0; output < classes.size(); ++output) {
      const std::int32_t* numbers = checked(classes[output], n_classes[output]);
      votes.emplace_back(std::vector<py::ssize_t>{poll.search.n_queries(), n_classes[output]});
      ballots.push_back({numbers, n_classes[output], votes.back().mutable_data()});
    }
    {
      const LongCall call(num_threads);
      count_votes(poll, ballots);
    }
    return votes;
  }

  py::array_t<double> means(const py::object& queries, ReachArgument reach, const Restriction& restriction,
                            const py::array_t<double, py::array::c_style>& targets, bool by_distance,
                            const OptionalDoubles& weights, int num_threads) const {
    const Question question = ask(queries, restriction);
    const Poll poll = this->poll(question, reach, by_distance, weights);
    require(targets.ndim() == 2 && targets.shape(0) == n_points(), "targets: one row per point expected");
    py::array_t<double> means({poll.search.n_queries(), targets.shape(1)});
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
    const Question question = ask_points(restriction);
    const Poll poll = this->poll(question, ReachArgument(k), by_distance, std::nullopt);
    const std::int32_t* numbers = checked(classes, n_classes);
    const LongCall call(num_threads);
    return count_right(poll, numbers, n_classes);
  }

  py::tuple query_radius(const py::object& queries, double radius, const Restriction& restriction,
                         int num_threads) const {
    const Question question = ask(queries, restriction);
    static_assert(sizeof(Index) == sizeof(std::int64_t));
    std::optional<NeighborLists> lists;
    {
      const LongCall call(num_threads);
      lists.emplace(*question.search, radius);
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

  py::array_t<std::int64_t> count_radius(const py::object& queries, double radius, const Restriction& restriction,
                                         int num_threads) const {
    const Question question = ask(queries, restriction);
    py::array_t<std::int64_t> counts(question.search->n_queries());
    auto* data = reinterpret_cast<Index*>(counts.mutable_data());
    static_assert(sizeof(Index) == sizeof(std::int64_t));
    {
      const LongCall call(num_threads);
      question.search->count_within(radius, data);
    }
    return counts;
  }

 protected:
  [[nodiscard]] virtual Index n_points() const = 0;
  [[nodiscard]] virtual Plan plan(Index n_queries, Index k) const = 0;
  [[nodiscard]] virtual Question ask(const py::object& queries, const Restriction& restriction) const = 0;
  /// The points themselves.
  [[nodiscard]] virtual Question ask_points(const Restriction& restriction) const = 0;

 private:
  void require_neighbors(Index k, const Question& question) const {
    require(k >= 1 && k <= n_points() - (question.exclude_self ? 1 : 0), "k: out of range");
  }

  [[nodiscard]] Reach checked(ReachArgument reach, const Question& question) const {
    if (const double* radius = std::get_if<double>(&reach)) {
      require(*radius >= 0, "radius: a number >= 0 expected");
      return Within{*radius};
    }
    const Index k = std::get<Index>(reach);
    require_neighbors(k, question);
    return Nearest{k};
  }

  [[nodiscard]] Poll poll(const Question& question, ReachArgument reach, bool by_distance,
                          const OptionalDoubles& weights) const {
    return {.search = *question.search,
            .reach = checked(reach, question),
            .weighting = by_distance ? Weighting::inverse_distance : Weighting::uniform,
            .point_weights = doubles(weights, n_points(), "sample_weight")};
  }

  /// One class number per point, all below `n_classes`.
  [[nodiscard]] const std::int32_t* checked(const ClassNumbers& classes, Index n_classes) const {
    require(classes.ndim() == 1 && classes.shape(0) == n_points(), "labels: one per point expected");
    const std::span<const std::int32_t> all(classes.data(), as_size(n_points()));
    const auto known = [&](std::int32_t c) { return c >= 0 && c < n_classes; };
    require(std::all_of(all.begin(), all.end(), known), "labels: class numbers out of range");
    return all.data();
  }
};

using CandidateArray = py::array_t<std::int64_t, py::array::c_style>;

/// The core's index together with the array that it refers to.
class IndexHandle final : public SearchHandle {
 public:
  IndexHandle(py::array points, const std::string& metric, double p, const OptionalDoubles& box, double max_abs,
              const std::string& algorithm)
      : points_(std::move(points)),
        view_(matrix_view(points_, "points", true)),
        owned_(std::make_shared<NeighborIndex>(view_, metric_of(metric, p, box, view_.cols), max_abs,
                                               algorithm_of(algorithm))),
        index_(*owned_) {}

  /// Of a metric that is measured pair by pair.
  IndexHandle(py::array points, const std::string& metric, double p, const OptionalDoubles& numbers)
      : points_(std::move(points)),
        view_(matrix_view(points_, "points", true)),
        owned_(std::make_shared<NeighborIndex>(view_, metric_of_pairs(metric, p, numbers, view_.cols), 0,
                                               Algorithm::direct)),
        index_(*owned_) {}

  /// The distances of queries to points of their own, raw and as reported.
  [[nodiscard]] py::tuple candidate_distances(const py::array& queries, const CandidateArray& points,
                                              const CandidateArray& offsets, int num_threads) const {
    const MatrixView asked = matrix_view(queries, "queries", true);
    require(asked.cols == view_.cols, "queries: as many features as the points expected");
    const std::span<const std::int64_t> starts(
        entries(offsets, asked.rows + 1, "offsets: one more than queries expected"), as_size(asked.rows + 1));
    require(starts.front() == 0 && starts.back() == points.size() && std::is_sorted(starts.begin(), starts.end()),
            "offsets: rising numbers from 0 to the number of candidates expected");
    const std::span<const std::int64_t> all(entries(points, starts.back(), "candidates: one dimension expected"),
                                            as_size(starts.back()));
    require(std::all_of(all.begin(), all.end(), [&](std::int64_t i) { return i >= 0 && i < view_.rows; }),
            "candidates: numbers of points expected");
    static_assert(sizeof(Index) == sizeof(std::int64_t));
    py::array_t<double> raw(starts.back()), distances(starts.back());
    double *raw_data = raw.mutable_data(), *data = distances.mutable_data();
    const CandidateLists lists{reinterpret_cast<const Index*>(all.data()),
                               reinterpret_cast<const Index*>(starts.data())};
    {
      const LongCall call(num_threads);
      crowfly::candidate_distances(asked, view_, index_.metric(), lists, raw_data, data);
    }
    return py::make_tuple(raw, distances);
  }

  /// An index of `points`, the first of which are the points of this one.
  [[nodiscard]] std::unique_ptr<IndexHandle> extended(py::array points, double max_abs) const {
    return std::unique_ptr<IndexHandle>(new IndexHandle(std::move(points), max_abs, *this));
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

  [[nodiscard]] Index n_points() const override { return view_.rows; }
  [[nodiscard]] Plan plan(Index n_queries, Index k) const override { return index_.explain(n_queries, k); }

  [[nodiscard]] Question ask(const py::object& queries, const Restriction& restriction) const override {
    if (!py::isinstance<py::array>(queries)) throw py::type_error("queries: an array expected");
    return ask(matrix_view(queries.cast<py::array>(), "queries", true), restriction);
  }
  [[nodiscard]] Question ask_points(const Restriction& restriction) const override { return ask(view_, restriction); }

  [[nodiscard]] Question ask(const MatrixView& queries, const Restriction& restriction) const {
    require(queries.cols == view_.cols, "queries: as many features as the points expected");
    const Admission admission = restriction.admission(queries.rows, view_.rows);
    return {std::nullopt, admission.exclude_self,
            std::make_unique<SearchOf<NeighborIndex, MatrixView>>(index_, queries, admission)};
  }

  py::array points_;
  MatrixView view_;
  py::object base_points_;
  std::shared_ptr<const NeighborIndex> owned_;
  const NeighborIndex& index_;
};

/// The same of sparse points.
class SparseIndexHandle final : public SearchHandle {
 public:
  SparseIndexHandle(const py::tuple& points, const std::string& metric, double p, double max_abs,
                    const std::string& algorithm)
      : arrays_(sparse_arrays(points, "points")), view_(arrays_.view("points")) {
    const Metric chosen = metric_of(metric, p, std::nullopt, view_.cols);
    require(metric != "nan_euclidean", "metric: 'nan_euclidean' takes no sparse points");
    const Algorithm asked_for = algorithm_of(algorithm);
    const LongCall call(0);
    index_.emplace(view_, chosen, max_abs, asked_for);
  }

 private:
  [[nodiscard]] Index n_points() const override { return view_.rows; }
  [[nodiscard]] Plan plan(Index /*n_queries*/, Index /*k*/) const override { return index_->explain(); }

  [[nodiscard]] Question ask(const py::object& queries, const Restriction& restriction) const override {
    if (!py::isinstance<py::tuple>(queries)) throw py::type_error("queries: a tuple of arrays expected");
    SparseArrays arrays = sparse_arrays(queries.cast<py::tuple>(), "queries");
    const SparseView view = arrays.view("queries");
    return question(std::move(arrays), view, restriction);
  }
  [[nodiscard]] Question ask_points(const Restriction& restriction) const override {
    return question(std::nullopt, view_, restriction);
  }

  [[nodiscard]] Question question(std::optional<SparseArrays> arrays, const SparseView& queries,
                                  const Restriction& restriction) const {
    require(queries.cols == view_.cols, "queries: as many features as the points expected");
    const Admission admission = restriction.admission(queries.rows, view_.rows);
    return {std::move(arrays), admission.exclude_self,
            std::make_unique<SearchOf<SparseIndex, SparseView>>(*index_, queries, admission)};
  }

  SparseArrays arrays_;
  SparseView view_;
  std::optional<SparseIndex> index_;
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
  using Handle = SearchHandle;
  py::class_<Handle>(m, "Searched")
      .def("query", &Handle::query, py::arg("queries"), py::arg("k"), py::arg("restriction"), py::arg("num_threads"))
      .def("explain", &Handle::explain, py::arg("n_queries"), py::arg("k"), py::arg("num_threads"))
      .def("votes", &Handle::votes, py::arg("queries"), py::arg("reach"), py::arg("restriction"), py::arg("classes"),
           py::arg("n_classes"), py::arg("by_distance"), py::arg("weights"), py::arg("num_threads"))
      .def("means", &Handle::means, py::arg("queries"), py::arg("reach"), py::arg("restriction"), py::arg("targets"),
           py::arg("by_distance"), py::arg("weights"), py::arg("num_threads"))
      .def("leave_one_out", &Handle::leave_one_out, py::arg("k"), py::arg("restriction"), py::arg("classes"),
           py::arg("n_classes"), py::arg("by_distance"), py::arg("num_threads"))
      .def("query_radius", &Handle::query_radius, py::arg("queries"), py::arg("radius"), py::arg("restriction"),
           py::arg("num_threads"))
      .def("count_radius", &Handle::count_radius, py::arg("queries"), py::arg("radius"), py::arg("restriction"),
           py::arg("num_threads"));
  py::class_<IndexHandle, Handle>(m, "Index")
      .def(py::init<py::array, const std::string&, double, const OptionalDoubles&, double, const std::string&>(),
           py::arg("points"), py::arg("metric"), py::arg("p"), py::arg("box"), py::arg("max_abs"), py::arg("algorithm"))
      .def(py::init<py::array, const std::string&, double, const OptionalDoubles&>(), py::arg("points"),
           py::arg("metric"), py::arg("p"), py::arg("numbers"))
      .def("candidate_distances", &IndexHandle::candidate_distances, py::arg("queries"), py::arg("points"),
           py::arg("offsets"), py::arg("num_threads"))
      .def("extended", &IndexHandle::extended, py::arg("points"), py::arg("max_abs"));
  py::class_<SparseIndexHandle, Handle>(m, "SparseIndex")
      .def(py::init<const py::tuple&, const std::string&, double, double, const std::string&>(), py::arg("points"),
           py::arg("metric"), py::arg("p"), py::arg("max_abs"), py::arg("algorithm"));
  m.def("pairwise_distances", &pairwise, py::arg("X"), py::arg("Y"), py::arg("metric"), py::arg("p"), py::arg("box"),
        py::arg("num_threads"));
}

}  // namespace crowfly::bindings
