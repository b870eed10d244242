// SPDX-License-Identifier: BSD-3-Clause
#include "linear_model/rolling.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "base/cancel.hpp"
#include "base/check.hpp"
#include "linalg/gram.hpp"
#include "linear_model/moment_solver.hpp"
#include "linear_model/moments.hpp"
#include "linear_model/standardise.hpp"

namespace crowfly {
namespace {

constexpr Index max_block = 256;
/// Of the sums that one task keeps, in doubles: 32 MiB.
constexpr Index max_kept = Index{1} << 22;

void store_fit(const LeastSquaresFit& fit, Index i, const ManyFits& fits) {
  const Index p = fit.coef.rows(), t = fit.coef.cols();
  std::copy_n(fit.coef.data(), p * t, fits.coef + i * p * t);
  std::copy_n(fit.intercept.data(), t, fits.intercept + i * t);
  std::copy_n(fit.rss.data(), t, fits.rss + i * t);
  fits.condition[i] = fit.condition;
  fits.rank[i] = fit.rank;
}

void store_nothing(Index p, Index t, Index i, const ManyFits& fits) {
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  std::fill_n(fits.coef + i * p * t, p * t, unknown);
  std::fill_n(fits.intercept + i * t, t, unknown);
  std::fill_n(fits.rss + i * t, t, unknown);
  fits.condition[i] = unknown;
  fits.rank[i] = 0;
}

class Rolling {
 public:
  Rolling(const LeastSquaresProblem& problem, Index window, const ManyFits& fits)
      : problem_(problem),
        fits_(fits),
        design_(problem.features, true, problem.targets),
        window_(window),
        n_windows_(problem.features.rows - window + 1) {
    const Index m = design_.cols();
    const Index affordable = std::max<Index>(8, max_kept / (2 * m * m));
    block_ = std::min({window, std::clamp<Index>(window / 4, 32, max_block), affordable});
    const bool penalised =
        std::any_of(problem.penalty.begin(), problem.penalty.end(), [](double alpha) { return alpha > 0; });
    const ColumnStatistics statistics = column_statistics(design_, nullptr);
    for (Index j = 0; j < m; ++j) {
      if (j == problem.features.cols) continue;
      design_.scale[as_size(j)] = unit_scale(statistics.max_abs[as_size(j)], largest_safe_scale(penalised));
    }
  }

  void run() {
    if (window_ > 8 * block_) sum_blocks();
    parallel_for_work(ceil_div(n_windows_, block_), operations(n_windows_),
                      [&](Index i) { solve_block(i * block_, std::min((i + 1) * block_, n_windows_)); });
  }

 private:
  [[nodiscard]] double operations(Index rows) const {
    const auto m = static_cast<double>(design_.cols());
    return 20 * static_cast<double>(rows) * m * m * (m + 10);
  }

  /// Sums of all whole blocks of rows, for windows of very many of them.
  void sum_blocks() {
    const Index n = problem_.features.rows / block_;
    for (Index i = 0; i < n; ++i) block_sums_.emplace_back(design_.cols());
    parallel_for_work(n, operations(n * block_), [&](Index i) {
      checkpoint();
      RowBlock block(block_, design_.cols());
      add(block, i * block_, (i + 1) * block_, block_sums_[as_size(i)]);
    });
  }

  /// Adds rows [begin, end) to `sum`.
  void add(RowBlock& block, Index begin, Index end, PairGram& sum) const {
    for (Index at = begin; at < end; at += block_) {
      const Index count = std::min(block_, end - at);
      block.load(design_, at, count);
      sum.add_rows(block, 0, count, problem_.weights == nullptr ? nullptr : problem_.weights + at);
    }
  }

  /// Rows [begin, end), begin at the start of a block.
  void add_shared(RowBlock& block, Index begin, Index end, PairGram& sum) const {
    if (!block_sums_.empty()) {
      for (; begin + block_ <= end; begin += block_) sum.add(block_sums_[as_size(begin / block_)]);
    }
    add(block, begin, end, sum);
  }

  /// Windows that start in [first, last): rows before `middle` backwards, those after the first window forwards, those between once.
  void solve_block(Index first, Index last) {
    const Index m = design_.cols(), middle = first + block_;
    RowBlock block(block_, m);
    std::vector<PairGram> before;
    for (Index i = first; i < last; ++i) before.emplace_back(m);
    PairGram sum(m);
    block.load(design_, first, block_);
    const double* weights = problem_.weights;
    for (Index i = middle - 1; i >= first; --i) {
      sum.add_rows(block, i - first, 1, weights == nullptr ? nullptr : weights + first);
      if (i < last) before[as_size(i - first)].assign(sum);
    }
    sum.clear();
    add_shared(block, middle, first + window_, sum);
    const Index after = first + window_, n_after = last - first - 1;
    block.load(design_, after, n_after);
    MomentSolver solver(problem_.features.cols, problem_.targets.cols);
    for (Index i = first; i < last; ++i) {
      checkpoint();
      if (i > first) {
        sum.add_rows(block, i - first - 1, 1, weights == nullptr ? nullptr : weights + after);
      }
      PairGram& whole = before[as_size(i - first)];
      whole.add(sum);
      solve_window(solver, whole, i);
    }
  }

  void solve_window(MomentSolver& solver, const PairGram& sum, Index i) const {
    const Index p = problem_.features.cols, t = problem_.targets.cols;
    if (!(sum.at(p, p).high > 0)) return store_nothing(p, t, i, fits_);
    const Vector peak = diagonal(sum);
    store_fit(solver.solve({sum, design_.scale, peak, window_}, problem_.intercept, problem_.penalty, true), i, fits_);
  }

  const LeastSquaresProblem& problem_;
  const ManyFits& fits_;
  Design design_;
  Index window_, n_windows_, block_ = 1;
  std::vector<PairGram> block_sums_;
};

/// The rows of one group in one piece, as float64.
class GroupRows {
 public:
  GroupRows(const LeastSquaresProblem& problem, const std::int64_t* rows, Index n)
      : n_(n),
        p_(problem.features.cols),
        t_(problem.targets.cols),
        features_(n * p_),
        targets_(n * t_),
        problem_(problem) {
    for (Index i = 0; i < n; ++i) {
      const auto row = static_cast<Index>(rows[i]);
      for (Index j = 0; j < p_; ++j) features_[i * p_ + j] = problem.features.at(row, j);
      for (Index t = 0; t < t_; ++t) targets_[i * t_ + t] = problem.targets.at(row, t);
      if (problem.weights != nullptr) weights_.push_back(problem.weights[row]);
    }
    problem_.features = view(features_, p_);
    problem_.targets = view(targets_, t_);
    problem_.weights = problem.weights == nullptr ? nullptr : weights_.data();
  }
  GroupRows(const GroupRows&) = delete;
  GroupRows& operator=(const GroupRows&) = delete;

  [[nodiscard]] const LeastSquaresProblem& problem() const noexcept { return problem_; }

 private:
  [[nodiscard]] MatrixView view(const AlignedBuffer<double>& data, Index cols) const noexcept {
    constexpr Index item = sizeof(double);
    return {reinterpret_cast<const char*>(data.data()), n_, cols, cols * item, item, DType::f64};
  }

  Index n_, p_, t_;
  AlignedBuffer<double> features_, targets_;
  Vector weights_;
  LeastSquaresProblem problem_;
};

}  // namespace

void rolling_least_squares(const LeastSquaresProblem& problem, Index window, const ManyFits& fits) {
  check(window >= 1 && window <= problem.features.rows);
  Rolling(problem, window, fits).run();
}

void grouped_least_squares(const LeastSquaresProblem& problem, const Grouping& groups, const ManyFits& fits) {
  const Index p = problem.features.cols, t = problem.targets.cols;
  const double operations = 100.0 * static_cast<double>(problem.features.rows) * static_cast<double>(p + t) +
                            1e4 * static_cast<double>(groups.n_groups);
  parallel_for_work(groups.n_groups, operations, [&](Index g) {
    checkpoint();
    const auto begin = static_cast<Index>(groups.offsets[g]), end = static_cast<Index>(groups.offsets[g + 1]);
    if (begin == end) return store_nothing(p, t, g, fits);
    const GroupRows rows(problem, groups.rows + begin, end - begin);
    store_fit(least_squares(rows.problem()), g, fits);
  });
}

}  // namespace crowfly
