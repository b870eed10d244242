// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/lattice.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <ranges>
#include <span>
#include <utility>

#include "base/cancel.hpp"
#include "kernels/dispatch.hpp"

namespace crowfly {
namespace {

/// Sums of float64 terms carry a relative error far below this; lengths are inflated by it so that they are upper bounds.
constexpr double inflate = 1.0 + 0x1p-30;
/// The same for sums in float32, and more than squares that underflow there take from a length.
constexpr double inflate_single = 1.0 + 0x1p-13, tiny_single_length = 0x1p-50;

/// Points of a group together are about this large: they stay in the second-level cache while the queries of a block pass over them.
constexpr Index cached_bytes = Index{128} * 1024;
Index group_panels(Index panel_bytes) noexcept {
  constexpr Index most = 32;
  return std::clamp<Index>(cached_bytes / panel_bytes, 1, most);
}

/// A cell's centre and step are taken from at most about so many of its points (32768 of them took as long as packing 50000). Any centre and step are right, these make
/// bounds tight.
constexpr Index frame_sample = 8192;
/// Where there are many cells, from about so many points of each (six clustered workloads with building: 4 % quicker in the median than from all).
constexpr Index frame_sample_of_many = 128;
/// Where a sample stands for all points, their largest entry is that of normal data, about sqrt(ln of their number) times as large, and some more; one that is far too small has
/// all points packed twice (10^6 normal points of 128 features, first query 161 ms; uniform ones 88).
double sample_margin(Index n_sampled, Index n_points, Index features) noexcept {
  const auto entries = [&](Index n) { return std::log(static_cast<double>(n) * static_cast<double>(features) + 1); };
  return n_sampled == n_points ? 1.0 : std::max(1.125, 1.05 * std::sqrt(entries(n_points) / entries(n_sampled)));
}
/// From so many features on, and so many neighbours times what bytes are faster, 16 bits: distances are so much alike that 8 bits tell few points apart (normal data,
/// 784 features, k = 100: 1100 of 60000 candidates, against 110), and their rows are long. AMX, whose bytes are 16 times faster: k = 10 1580 ms with words, 920 with bytes,
/// k = 100 1460 and 1540.
constexpr Index min_word_features = 256, min_word_neighbors_per_speed = 4;
/// Byte lattices with fewer levels (AVX2) let four times as many pass: there from that many features or so many neighbours on, and in cells. Below, bytes are faster
/// (128 features, k = 1: 206 ms against 302; k = 100: 429 against 478; 64 features, k = 100: 234 against 204).
constexpr Index full_byte_levels = 127, min_word_neighbors_of_few_levels = 64;
/// Fewer queries than this don't repay packing twice the bytes for the number of neighbours alone (100 queries, 10^6 points, 128 features, k = 100: 306 ms with bytes,
/// 385 with words).
constexpr Index min_word_queries = 500;

bool few_levels() noexcept { return kernels::active().byte_lattice.levels < full_byte_levels; }

/// Points this much further out than nine of ten don't set the step. In normal and in exponential data there are none.
constexpr double far_factor = 4;

/// Mean of every `stride`-th of a cell's points, and a step for nearly all of them.
template <class Members>
LatticeFrame frame_of(const kernels::Lattice& lattice, const MatrixView& points, const Metric& metric,
                      const Members& members, Index sample) {
  const Index depth = padded_depth(points.cols);
  const auto n = static_cast<Index>(members.size()), stride = std::max<Index>(1, n / sample);
  const Index n_taken = ceil_div(n, stride), parts = std::clamp<Index>(n_taken / 2048, 1, 32);
  const double operations = static_cast<double>(n_taken) * static_cast<double>(depth);
  AlignedBuffer<double> sums = AlignedBuffer<double>::zeros(parts * depth), tops(n_taken);
  const auto member = [&](Index i) { return members[static_cast<std::ranges::range_difference_t<Members>>(i)]; };
  const auto visit = [&](Index part, auto each) {
    AlignedBuffer<double> row(depth);
    const Range range = part_of(n_taken, parts, part);
    for (Index i = range.begin; i < range.end; ++i) {
      if (i % 256 == 0) checkpoint();
      if (i + 8 < range.end) prefetch_row(points, member((i + 8) * stride));
      load_row(points, member(i * stride), metric, row.data());
      each(i, row.data());
    }
  };
  parallel_for_work(parts, operations, [&](Index part) {
    double* sum = sums.data() + part * depth;
    visit(part, [&](Index, const double* row) {
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
    visit(part, [&](Index i, const double* row) {
      double top = 0;
      for (Index j = 0; j < depth; ++j) top = std::max(top, std::fabs(row[j] - frame.centre[j]));
      tops[i] = top;
    });
  });
  double* const end = tops.data() + n_taken;
  double* const most = tops.data() + (n_taken - 1) * 9 / 10;
  std::nth_element(tops.data(), most, end);
  const double furthest = *std::max_element(most, end) * sample_margin(n_taken, n, points.cols);
  const double largest = *most > 0 ? std::min(furthest, far_factor * *most) : furthest;
  // At most 2^900, so that points about as close as float64 tells apart make no infinity.
  frame.inverse_step = largest > 0 ? std::min(lattice_levels(lattice, points.cols) / largest, 0x1p900) : 1.0;
  if (lattice.round_single != nullptr && points.dtype == DType::f32 && metric.takes(points)) frame.allow_single();
  return frame;
}

/// About as many bytes ahead as the memory's latency is worth.
Index rows_on_their_way(const MatrixView& points) noexcept {
  constexpr Index bytes_ahead = 8192;
  return std::max<Index>(1, bytes_ahead / std::max<Index>(1, points.cols * points.item_size()));
}

double packing_operations(const MatrixView& points, Index row_bytes) noexcept {
  return 8.0 * static_cast<double>(points.rows) * static_cast<double>(row_bytes);
}

/// Takes the far points out of their cells and puts them in cells of points about as far, in fours.
Partition set_apart(const Partition& partition, std::vector<FarPoint> far) {
  const auto shell = [](const FarPoint& p) {
    return std::pair(p.cell, static_cast<int>(std::clamp(std::log2(std::max(p.factor, 1.0)) / 2, 0.0, 15.0)));
  };
  std::stable_sort(far.begin(), far.end(), [&](const FarPoint& a, const FarPoint& b) { return shell(a) < shell(b); });
  std::vector<bool> is_far(partition.order.size(), false);
  for (const FarPoint& p : far) is_far[as_size(p.point)] = true;
  Partition apart{{}, {0}};
  const auto end_cell = [&] {
    const auto size = static_cast<Index>(apart.order.size());
    if (size > apart.offsets.back()) apart.offsets.push_back(size);
  };
  for (Index c = 0; c < partition.n_cells(); ++c) {
    for (Index i = partition.offsets[as_size(c)]; i < partition.offsets[as_size(c + 1)]; ++i) {
      const Index point = partition.order[as_size(i)];
      if (!is_far[as_size(point)]) apart.order.push_back(point);
    }
    end_cell();
  }
  for (std::size_t i = 0; i < far.size(); ++i) {
    if (i > 0 && shell(far[i]) != shell(far[i - 1])) end_cell();
    apart.order.push_back(far[i].point);
  }
  end_cell();
  return apart;
}

}  // namespace

LatticePoints LatticePoints::with_far_cells(const kernels::Lattice& lattice, const MatrixView& points,
                                            const Metric& metric, const Partition& partition) {
  std::vector<FarPoint> far;
  {
    LatticePoints together(lattice, points, metric, partition);
    for (PackedGroup& group : together.packed_) {
      const std::vector<FarPoint> some = std::exchange(group.far, {});
      far.insert(far.end(), some.begin(), some.end());
    }
    if (far.empty()) return together;
  }  // its codes are given back before the others are made
  return LatticePoints(lattice, points, metric, set_apart(partition, std::move(far)));
}

Partition Partition::whole(Index n_points, Index width) {
  Partition all{{}, {0, n_points}};
  all.order.reserve(as_size(n_points));
  const Index run = sample_stride * width;
  for (Index begin = 0; begin + run <= n_points; begin += run) {
    for (Index panel = 0; panel < sample_stride; ++panel) {
      for (Index slot = 0; slot < width; ++slot) all.order.push_back(begin + slot * sample_stride + panel);
    }
  }
  for (auto i = static_cast<Index>(all.order.size()); i < n_points; ++i) all.order.push_back(i);
  return all;
}

const kernels::Lattice& suited_lattice(Index features, Index n_queries, Index k) noexcept {
  const kernels::Lattice& bytes = kernels::active().byte_lattice;
  const bool wide = features >= min_word_features;
  const bool many = n_queries >= min_word_queries && k >= min_word_neighbors_of_few_levels;
  const bool words = few_levels() ? wide || many : wide && k >= min_word_neighbors_per_speed * bytes.speed;
  return words ? kernels::active().word_lattice : bytes;
}

const kernels::Lattice& cell_lattice() noexcept {
  return few_levels() ? kernels::active().word_lattice : kernels::active().byte_lattice;
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

LatticePoints::LatticePoints(const kernels::Lattice& lattice, const MatrixView& points, const Metric& metric,
                             const Partition& partition)
    : LatticePoints(lattice, points.cols) {
  place(partition);
  make_room();
  set_frames(points, metric, partition);
  parallel_for_work(n_groups(), packing_operations(points, row_bytes_), [&](Index g) {
    LatticeRounder rounder(*lattice_, points, metric);
    const Index first = groups_[as_size(g)].panels.begin;
    packed_[as_size(g)] = pack(
        points, rounder, partition, g,
        {codes_.data() + first * width_ * row_bytes_, start_.data() + first * width_, points_.data() + first * width_});
  });
  for (Cell& cell : cells_) {
    LatticeRow most;
    for (Index g = cell.groups.begin; g < cell.groups.end; ++g) most.raise_to(packed_[as_size(g)].bound);
    cell.moved = most.moved;
    cell.radius = most.length() / cell.frame.inverse_step * inflate;
  }
}

LatticePoints LatticePoints::passing(const kernels::Lattice& lattice, const MatrixView& points, const Metric& metric) {
  LatticePoints made(lattice, points.cols);
  made.keeps_panels_ = false;
  made.place({{}, {0, points.rows}});
  Cell& all = made.cells_.front();
  all.frame = frame_of(lattice, points, metric, std::views::iota(Index{0}, points.rows), frame_sample);
  all.radius = std::numeric_limits<double>::infinity();
  return made;
}

LatticePoints::LatticePoints(const kernels::Lattice& lattice, Index features)
    : lattice_(&lattice),
      width_(lattice.points),
      row_bytes_(lattice_row_bytes(lattice, features)),
      largest_(lattice_levels(lattice, features)),
      far_(3 * std::sqrt(static_cast<double>(features) / 12)) {}

/// Cuts each cell into groups and finds room for their panels.
void LatticePoints::place(const Partition& partition) {
  const Index panels_per_group = group_panels(width_ * row_bytes_);
  Index n_panels = 0;
  cells_.resize(as_size(partition.n_cells()));
  for (Index c = 0; c < partition.n_cells(); ++c) {
    const Index mine = ceil_div(partition.offsets[as_size(c + 1)] - partition.offsets[as_size(c)], width_);
    const Index parts = ceil_div(mine, panels_per_group);
    cells_[as_size(c)].groups = {n_groups(), n_groups() + parts};
    for (Index part = 0; part < parts; ++part) {
      const Range panels = part_of(mine, parts, part);
      groups_.push_back({c, {n_panels + panels.begin, n_panels + panels.end}});
    }
    n_panels += mine;
  }
}

void LatticePoints::make_room() {
  const Index n_panels = groups_.empty() ? 0 : groups_.back().panels.end;
  packed_.resize(groups_.size());
  codes_ = AlignedBuffer<std::uint8_t>(n_panels * width_ * row_bytes_);
  start_ = AlignedBuffer<std::int32_t>(n_panels * width_);
  points_ = AlignedBuffer<Index>(n_panels * width_);
}

void LatticePoints::set_frames(const MatrixView& points, const Metric& metric, const Partition& partition) {
  parallel_for_work(n_cells(), packing_operations(points, row_bytes_), [&](Index cell) {
    const Index begin = partition.offsets[as_size(cell)], end = partition.offsets[as_size(cell + 1)];
    cells_[as_size(cell)].frame =
        frame_of(*lattice_, points, metric, std::span(partition.order).subspan(as_size(begin), as_size(end - begin)),
                 std::max(frame_sample_of_many, frame_sample / n_cells()));
  });
}

PackedGroup LatticePoints::pack(const MatrixView& points, LatticeRounder& rounder, const Partition& partition, Index at,
                                LatticePanels to) const {
  const Group& group = groups_[as_size(at)];
  const Cell& cell = cells_[as_size(group.cell)];
  const Index end = partition.offsets[as_size(group.cell + 1)];
  // The group's first slot holds this entry of the order.
  const Index begin = partition.offsets[as_size(group.cell)] +
                      (group.panels.begin - groups_[as_size(cell.groups.begin)].panels.begin) * width_;
  // Cells take their points from anywhere.
  const Index rows_ahead = rows_on_their_way(points);
  PackedGroup packed;
  for (Index p = group.panels.begin; p < group.panels.end; ++p) {
    checkpoint();
    const Index first_slot = (p - group.panels.begin) * width_;
    if (begin + first_slot + width_ > end) clear(to, first_slot, first_slot + width_);
    for (Index slot = first_slot; slot < first_slot + width_ && begin + slot < end; ++slot) {
      const Index i = begin + slot, point = partition.order[as_size(i)];
      if (i + rows_ahead < end) prefetch_row(points, partition.order[as_size(i + rows_ahead)]);
      const LatticeRow row = rounder.round_point(point, cell.frame);
      if (is_far(row)) packed.far.push_back({point, group.cell, row.length() / largest_});
      fill(rounder, row, point, slot, to);
      packed.bound.raise_to(row);
    }
  }
  packed.n_panels = group.panels.size();
  return packed;
}

PackedGroup LatticePoints::round_group(const MatrixView& points, LatticeRounder& rounder, Index at, Index step,
                                       LatticePanels to) const {
  const Range panels = groups_[as_size(at)].panels;
  const LatticeFrame& frame = cells_.front().frame;
  const Index end = std::min(panels.end * width_, points.rows), ahead = rows_on_their_way(points) * step;
  PackedGroup packed;
  Index slot = 0;
  for (Index i = round_up(panels.begin * width_, step); i < end; i += step) {
    if (slot % width_ == 0) checkpoint();
    if (i + ahead < points.rows) prefetch_row(points, i + ahead);
    const LatticeRow row = rounder.round_point(i, frame);
    if (is_far(row)) {
      packed.far.push_back({i, 0, row.length() / largest_});
      continue;
    }
    fill(rounder, row, i, slot++, to);
    packed.bound.raise_to(row);
  }
  clear(to, slot, round_up(slot, width_));
  packed.n_panels = ceil_div(slot, width_);
  return packed;
}

void LatticePoints::fill(const LatticeRounder& rounder, const LatticeRow& row, Index point, Index slot,
                         LatticePanels to) const noexcept {
  rounder.scatter(to.codes + slot / width_ * width_ * row_bytes_, width_, slot % width_, 4);
  to.start[slot] = -static_cast<std::int32_t>(static_cast<std::int64_t>(row.squares) / 2);
  to.points[slot] = point;
}

void LatticePoints::clear(LatticePanels to, Index begin, Index end) const noexcept {
  for (Index slot = begin; slot < end; ++slot) {
    std::uint8_t* first = to.codes + slot / width_ * width_ * row_bytes_ + slot % width_ * 4;
    for (Index j = 0; j < row_bytes_; j += 4) std::memset(first + j * width_, 0, 4);
    to.start[slot] = -lattice_limit;
    to.points[slot] = 0;
  }
}

/// Rounding alone moves a row by sqrt(d / 12) steps in the mean and by sqrt(d / 4) at most: what moves further was cut off.
bool LatticePoints::is_far(const LatticeRow& row) const noexcept { return row.moved > far_; }

Index LatticePoints::max_group_slots() const noexcept {
  Index most = 0;
  for (const Group& group : groups_) most = std::max(most, group.panels.size());
  return most * width_;
}

Index LatticePoints::group_bytes(const kernels::Lattice& lattice, Index features) noexcept {
  const Index row_bytes = lattice_row_bytes(lattice, features);
  return group_panels(lattice.points * row_bytes) * lattice.points *
         (row_bytes + static_cast<Index>(sizeof(std::int32_t) + sizeof(Index)));
}

Index LatticePoints::bytes() const noexcept {
  return codes_.size() + start_.size() * 4 + points_.size() * static_cast<Index>(sizeof(Index)) +
         n_cells() * static_cast<Index>(sizeof(Cell) + 8 * as_size(row_bytes_)) +
         n_groups() * static_cast<Index>(sizeof(Group) + sizeof(PackedGroup));
}

}  // namespace crowfly
