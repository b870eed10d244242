// SPDX-License-Identifier: BSD-3-Clause

#include "arrays.hpp"
#include "fit_results.hpp"
#include "linear_model/moments.hpp"
#include "linear_model/rolling.hpp"

namespace crowfly::bindings {
namespace {

using Doubles = py::array_t<double, py::array::c_style>;
using Rows = py::array_t<std::int64_t, py::array::c_style>;

LeastSquaresProblem problem_of(const py::array& x, const py::array& y, const OptionalDoubles& weights, bool intercept,
                               const Vector& penalty) {
  LeastSquaresProblem problem;
  problem.features = matrix_view(x, "X");
  problem.targets = matrix_view(y, "y");
  require(problem.features.cols >= 1, "X: at least one feature expected");
  require(problem.targets.cols >= 1, "y: at least one target expected");
  require(problem.targets.rows == problem.features.rows, "y: as many rows as X expected");
  require(static_cast<Index>(penalty.size()) == problem.targets.cols, "alpha: one value per target expected");
  problem.weights = doubles(weights, problem.features.rows, "sample_weight");
  problem.intercept = intercept;
  problem.penalty = penalty;
  return problem;
}

using Reader = void (Moments::*)(const MatrixView&, const MatrixView&, const double*);

template <Reader read>
void read_rows(Moments& moments, const py::array& x, const py::array& y, const OptionalDoubles& weights,
               int num_threads) {
  const LeastSquaresProblem problem = problem_of(x, y, weights, true, Vector(as_size(moments.n_targets())));
  require(problem.features.cols == moments.n_features(), "X: as many features as before expected");
  const LongCall call(num_threads);
  (moments.*read)(problem.features, problem.targets, problem.weights);
}

void merge(Moments& moments, const Moments& other, int num_threads) {
  require(other.n_features() == moments.n_features() && other.n_targets() == moments.n_targets(),
          "other: as many features and targets expected");
  const LongCall call(num_threads);
  moments.merge(other);
}

py::dict solve(const Moments& moments, bool intercept, const Vector& penalty, int num_threads) {
  require(static_cast<Index>(penalty.size()) == moments.n_targets(), "alpha: one value per target expected");
  LeastSquaresFit fit;
  {
    const LongCall call(num_threads);
    fit = moments.solve(penalty, intercept);
  }
  return least_squares_dict(std::move(fit));
}

/// (n_rows, scale, peak, high, low), the last two (m, m).
py::tuple state(const Moments& moments) {
  const Index m = moments.gram().cols();
  py::array_t<double> high({m, m}), low({m, m});
  auto to_high = high.mutable_unchecked<2>(), to_low = low.mutable_unchecked<2>();
  for (Index i = 0; i < m; ++i) {
    for (Index j = 0; j < m; ++j) {
      const Pair entry = moments.gram().at(i, j);
      to_high(i, j) = entry.high;
      to_low(i, j) = entry.low;
    }
  }
  return py::make_tuple(moments.n_rows(), owned_array(Vector(moments.scale())), owned_array(Vector(moments.peak())),
                        high, low);
}

void restore(Moments& moments, Index n_rows, const Vector& scale, const Vector& peak, const Doubles& high,
             const Doubles& low) {
  const Index m = moments.gram().cols();
  const auto is_square = [m](const Doubles& a) { return a.ndim() == 2 && a.shape(0) == m && a.shape(1) == m; };
  require(is_square(high) && is_square(low) && static_cast<Index>(scale.size()) == m &&
              static_cast<Index>(peak.size()) == m && n_rows >= 0,
          "state: arrays of one size expected");
  PairGram gram(m);
  for (Index i = 0; i < m; ++i) {
    for (Index j = i; j < m; ++j) gram.set(i, j, Pair::sum(high.at(i, j), low.at(i, j)));
  }
  moments.restore(std::move(gram), scale, peak, n_rows);
}

/// Arrays of results of `n` fits.
class FitArrays {
 public:
  FitArrays(Index n, const LeastSquaresProblem& problem)
      : coef_({n, problem.targets.cols, problem.features.cols}),
        intercept_({n, problem.targets.cols}),
        rss_({n, problem.targets.cols}),
        condition_(n),
        rank_(n) {}

  [[nodiscard]] ManyFits pointers() {
    return {coef_.mutable_data(), intercept_.mutable_data(), rss_.mutable_data(), condition_.mutable_data(),
            rank_.mutable_data()};
  }
  [[nodiscard]] py::dict dict() const {
    py::dict result;
    result["coef"] = coef_;
    result["intercept"] = intercept_;
    result["rss"] = rss_;
    result["condition"] = condition_;
    result["rank"] = rank_;
    return result;
  }

 private:
  py::array_t<double> coef_, intercept_, rss_, condition_;
  py::array_t<std::int64_t> rank_;
};

py::dict fit_rolling(const py::array& x, const py::array& y, Index window, const OptionalDoubles& weights,
                     bool intercept, const Vector& penalty, int num_threads) {
  const LeastSquaresProblem problem = problem_of(x, y, weights, intercept, penalty);
  require(window >= 1 && window <= problem.features.rows, "window: from 1 to the number of rows expected");
  FitArrays arrays(problem.features.rows - window + 1, problem);
  const ManyFits fits = arrays.pointers();
  {
    const LongCall call(num_threads);
    rolling_least_squares(problem, window, fits);
  }
  return arrays.dict();
}

py::dict fit_grouped(const py::array& x, const py::array& y, const Rows& rows, const Rows& offsets,
                     const OptionalDoubles& weights, bool intercept, const Vector& penalty, int num_threads) {
  const LeastSquaresProblem problem = problem_of(x, y, weights, intercept, penalty);
  require(rows.ndim() == 1 && offsets.ndim() == 1 && offsets.shape(0) >= 1, "groups: one dimension expected");
  const Index n_groups = offsets.shape(0) - 1;
  require(offsets.data()[0] == 0 && offsets.data()[n_groups] == rows.shape(0), "groups: all rows expected");
  for (Index g = 0; g < n_groups; ++g) {
    require(offsets.data()[g] <= offsets.data()[g + 1], "groups: increasing offsets expected");
  }
  for (Index i = 0; i < rows.shape(0); ++i) {
    require(rows.data()[i] >= 0 && rows.data()[i] < problem.features.rows, "groups: row out of range");
  }
  FitArrays arrays(n_groups, problem);
  const ManyFits fits = arrays.pointers();
  const Grouping groups{rows.data(), offsets.data(), n_groups};
  {
    const LongCall call(num_threads);
    grouped_least_squares(problem, groups, fits);
  }
  return arrays.dict();
}

}  // namespace

void bind_moments(py::module_& m) {
  const auto rows = [](auto&& define, const char* name, auto function) {
    define.def(name, function, py::arg("X"), py::arg("y"), py::arg("sample_weight").none(true), py::arg("num_threads"));
  };
  py::class_<Moments> moments(m, "Moments");
  moments.def(py::init([](Index n_features, Index n_targets) {
                require(
                    n_features >= 1 && n_targets >= 1 && n_features < (Index{1} << 20) && n_targets < (Index{1} << 20),
                    "n_features, n_targets: from 1 to 2**20 - 1 expected");
                return Moments(n_features, n_targets);
              }),
              py::arg("n_features"), py::arg("n_targets"));
  rows(moments, "update", &read_rows<&Moments::update>);
  rows(moments, "downdate", &read_rows<&Moments::downdate>);
  moments.def("merge", &merge, py::arg("other"), py::arg("num_threads"))
      .def("solve", &solve, py::arg("intercept"), py::arg("alpha"), py::arg("num_threads"))
      .def("state", &state)
      .def("restore", &restore, py::arg("n_rows"), py::arg("scale"), py::arg("peak"), py::arg("high"), py::arg("low"))
      .def_property_readonly("n_rows", &Moments::n_rows)
      .def_property_readonly("total_weight", &Moments::total_weight);
  m.def("rolling_least_squares", &fit_rolling, py::arg("X"), py::arg("y"), py::arg("window"),
        py::arg("sample_weight").none(true), py::arg("intercept"), py::arg("alpha"), py::arg("num_threads"));
  m.def("grouped_least_squares", &fit_grouped, py::arg("X"), py::arg("y"), py::arg("rows"), py::arg("offsets"),
        py::arg("sample_weight").none(true), py::arg("intercept"), py::arg("alpha"), py::arg("num_threads"));
}

}  // namespace crowfly::bindings
