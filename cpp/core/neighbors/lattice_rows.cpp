// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/lattice_rows.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/cancel.hpp"
#include "base/parallel.hpp"
#include "base/prefetch.hpp"
#include "kernels/dispatch.hpp"

namespace crowfly {
namespace {

/// As `inflate` for sums in float32, and more than squares that underflow there take from a length.
constexpr double inflate_single = 1.0 + 0x1p-13, tiny_single_length = 0x1p-50;

/// Where a sample stands for all points, their largest entry is that of normal data, about sqrt(ln of their number) times as large, and some more; one that is far too small has
/// all points packed twice (10^6 normal points of 128 features, first query 161 ms; uniform ones 88).
double sample_margin(Index n_sampled, Index n_points, Index features) noexcept {
  const auto entries = [&](Index n) { return std::log(static_cast<double>(n) * static_cast<double>(features) + 1); };
  return n_sampled == n_points ? 1.0 : std::max(1.125, 1.05 * std::sqrt(entries(n_points) / entries(n_sampled)));
}
/// Points this much further out than nine of ten don't set the step. In normal and in exponential data there are none.
constexpr double far_factor = 4;

/// Rows that a frame is taken from, evenly spread over those that it is for; read twice.
class FrameSample {
 public:
  FrameSample(const MatrixView& points, const Metric& metric, std::span<const Index> rows, Index most)
      : points_(points), metric_(metric), rows_(rows), n_(rows.empty() ? points.rows : std::ssize(rows)) {
    stride_ = std::max<Index>(1, n_ / most);
    // Few rows are kept: those of a cell come from anywhere, and waiting for them is what takes time.
    constexpr Index most_kept = Index{1} << 15;
    const Index depth = padded_depth(points.cols);
    if (size() * depth > most_kept) return;
    kept_ = AlignedBuffer<double>(size() * depth);
    load({0, size()}, [&](Index i, const double* row) { std::copy_n(row, depth, kept_.data() + i * depth); });
  }

  [[nodiscard]] Index of_how_many() const noexcept { return n_; }
  [[nodiscard]] Index size() const noexcept { return ceil_div(n_, stride_); }

  template <class Each>
  void visit(Range range, const Each& each) const {
    if (kept_.size() == 0) {
      load(range, each);
      return;
    }
    const Index depth = padded_depth(points_.cols);
    for (Index i = range.begin; i < range.end; ++i) each(i, kept_.data() + i * depth);
  }

 private:
  [[nodiscard]] Index row(Index i) const noexcept { return rows_.empty() ? i * stride_ : rows_[as_size(i * stride_)]; }

  template <class Each>
  void load(Range range, const Each& each) const {
    AlignedBuffer<double> loaded(padded_depth(points_.cols));
    for (Index i = range.begin; i < range.end; ++i) {
      if (i % 256 == 0) checkpoint();
      if (i + 8 < range.end) prefetch_row(points_, row(i + 8));
      load_row(points_, row(i), metric_, loaded.data());
      each(i, loaded.data());
    }
  }

  const MatrixView& points_;
  const Metric& metric_;
  std::span<const Index> rows_;
  Index n_, stride_;
  AlignedBuffer<double> kept_;
};

}  // namespace

LatticeFrame frame_of(const kernels::Lattice& lattice, const MatrixView& points, const Metric& metric,
                      std::span<const Index> rows, Index sample) {
  const FrameSample taken(points, metric, rows, sample);
  const Index depth = padded_depth(points.cols), n_taken = taken.size();
  const Index parts = std::clamp<Index>(n_taken / 2048, 1, 32);
  const double operations = static_cast<double>(n_taken) * static_cast<double>(depth);
  AlignedBuffer<double> sums = AlignedBuffer<double>::zeros(parts * depth), tops(n_taken);
  parallel_for_work(parts, operations, [&](Index part) {
    double* sum = sums.data() + part * depth;
    taken.visit(part_of(n_taken, parts, part), [&](Index, const double* row) {
      for (Index j = 0; j < depth; ++j) sum[j] += row[j];
    });
  });
  LatticeFrame frame;
  frame.centre = AlignedBuffer<double>::zeros(depth);
  for (Index j = 0; j < points.cols; ++j) {
    for (Index part = 0; part < parts; ++part) frame.centre[j] += sums[part * depth + j];
    frame.centre[j] /= static_cast<double>(n_taken);
  }
  parallel_for_work(parts, operations, [&](Index part) {
    taken.visit(part_of(n_taken, parts, part), [&](Index i, const double* row) {
      double top = 0;
      for (Index j = 0; j < depth; ++j) top = std::max(top, std::fabs(row[j] - frame.centre[j]));
      tops[i] = top;
    });
  });
  double* const end = tops.data() + n_taken;
  double* const most = tops.data() + (n_taken - 1) * 9 / 10;
  std::nth_element(tops.data(), most, end);
  const double furthest = *std::max_element(most, end) * sample_margin(n_taken, taken.of_how_many(), points.cols);
  const double largest = *most > 0 ? std::min(furthest, far_factor * *most) : furthest;
  // At most 2^900, so that points about as close as float64 tells apart make no infinity.
  frame.inverse_step = largest > 0 ? std::min(lattice_levels(lattice, points.cols) / largest, 0x1p900) : 1.0;
  if (lattice.round_single != nullptr && points.dtype == DType::f32 && metric.takes(points)) frame.allow_single();
  return frame;
}

Index lattice_row_bytes(const kernels::Lattice& lattice, Index features) noexcept {
  return round_up(features * lattice.code_bytes, lattice.row_multiple);
}

double lattice_levels(const kernels::Lattice& lattice, Index features) noexcept {
  const auto top = static_cast<double>(lattice.levels), offset = static_cast<double>(lattice.offset);
  // features * ((levels + offset) * levels + levels^2 / 2) < 2^30, see the proof.
  const double most = static_cast<double>(lattice_limit) / static_cast<double>(features);
  const double levels = (std::sqrt(offset * offset + 6 * most) - offset) / 3;
  return std::min(top, std::floor(levels * (1 - 0x1p-40)));
}

void LatticeFrame::allow_single() {
  // Neither the step nor squares of rows within reach of it leave float32's normal range.
  if (!(inverse_step >= 0x1p-60 && inverse_step <= 0x1p60)) return;
  inverse_step = static_cast<float>(inverse_step);
  single = AlignedBuffer<float>::zeros(round_up(centre.size(), kernels::single_padding));
  for (Index j = 0; j < centre.size(); ++j) {
    single[j] = static_cast<float>(centre[j]);
    centre[j] = single[j];
  }
}

LatticeRounder::LatticeRounder(const kernels::Lattice& lattice, const MatrixView& source, const Metric& metric)
    : lattice_(lattice),
      source_(source),
      metric_(metric),
      largest_(lattice_levels(lattice, source.cols)),
      row_(padded_depth(source.cols)),
      codes_(AlignedBuffer<std::uint8_t>::zeros(
          round_up(lattice_row_bytes(lattice, source.cols), kernels::single_padding * lattice.code_bytes))) {}

LatticeRow LatticeRounder::round_point(Index i, const LatticeFrame& frame) {
  return round_row(i, frame, static_cast<double>(lattice_.offset));
}

LatticeRow LatticeRounder::round_query(Index i, const LatticeFrame& frame) { return round_row(i, frame, 0); }

LatticeRow LatticeRounder::round_query(const double* row, const LatticeFrame& frame) {
  return run(lattice_.round_f64, row, frame, 0);
}

LatticeRow LatticeRounder::round_row(Index i, const LatticeFrame& frame, double offset) {
  const bool as_is = metric_.takes(source_);
  if (as_is && source_.dtype == DType::f32 && frame.single.size() > 0) {
    return run_single(source_.row(i), frame, offset);
  }
  if (as_is && source_.dtype == DType::f32) return run(lattice_.round_f32, source_.row(i), frame, offset);
  if (as_is) return run(lattice_.round_f64, source_.row(i), frame, offset);
  load_row(source_, i, metric_, row_.data());
  return run(lattice_.round_f64, row_.data(), frame, offset);
}

LatticeRow LatticeRounder::run(kernels::Lattice::Round kernel, const void* row, const LatticeFrame& frame,
                               double offset) {
  kernels::LatticeSums sums;
  kernel(row, frame.centre.data(), frame.inverse_step, largest_, offset, source_.cols, codes_.data(), &sums);
  const double moved = std::sqrt(sums.moved) + tiny_length;
  // The float64 subtraction and product round too: 2^-53 of each component, twice. No row is longer than its integers and the way to them.
  return {sums.squares, (moved + 0x1p-51 * (std::sqrt(sums.squares) + moved)) * inflate};
}

LatticeRow LatticeRounder::run_single(const void* row, const LatticeFrame& frame, double offset) {
  kernels::LatticeSums sums;
  lattice_.round_single(static_cast<const float*>(row), frame.single.data(), static_cast<float>(frame.inverse_step),
                        static_cast<float>(largest_), static_cast<float>(offset), source_.cols, codes_.data(), &sums);
  const double moved = (std::sqrt(sums.moved) + tiny_single_length) * inflate_single;
  // The float32 subtraction and product round too: 2^-24 of each component, twice.
  return {sums.squares, moved + 0x1p-22 * (std::sqrt(sums.squares) + moved) * inflate};
}

void LatticeRounder::scatter(std::uint8_t* panel, Index width, Index slot, Index group) const noexcept {
  const Index row_bytes = lattice_row_bytes(lattice_, source_.cols);
  // In fours, which are single instructions.
  for (Index j = 0; j < row_bytes; j += group) {
    for (Index i = 0; i < group; i += 4) std::memcpy(panel + j * width + group * slot + i, codes_.data() + j + i, 4);
  }
}

Index LatticeRounder::code(Index j) const noexcept {
  if (lattice_.code_bytes == 1) return static_cast<std::int8_t>(codes_[j]);
  std::int16_t word;
  std::memcpy(&word, codes_.data() + 2 * j, sizeof word);
  return word;
}

double LatticeRounder::correction() const noexcept {
  if (lattice_.offset == 0) return 0;
  Index sum = 0;
  for (Index j = 0; j < source_.cols; ++j) sum += code(j);
  return static_cast<double>(lattice_.offset * sum);
}

}  // namespace crowfly
