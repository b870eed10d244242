// SPDX-License-Identifier: BSD-3-Clause
#include "neighbors/lattice.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <utility>

#include "base/cancel.hpp"
#include "base/prefetch.hpp"
#include "kernels/dispatch.hpp"

namespace crowfly {
namespace {

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

/// About as many bytes ahead as the memory's latency is worth.
Index rows_on_their_way(const MatrixView& points) noexcept {
  constexpr Index bytes_ahead = 8192, most = 32;
  return std::clamp<Index>(bytes_ahead / std::max<Index>(1, points.cols * points.item_size()), 1, most);
}

/// Panels set aside for points that turn out to be far from their cell: without them all points would be packed again.
constexpr Index room_for_far(Index n_points, Index width) noexcept { return 32 + n_points / (32 * width); }

std::vector<Index> counted(Range range) {
  std::vector<Index> all(as_size(range.size()));
  std::iota(all.begin(), all.end(), range.begin);
  return all;
}

/// Puts the far points last in their cells' ranges, and makes cells of them, those about as far together, in fours. Returns the cells that are new or have lost points.
std::vector<Index> set_apart(Partition& partition, const std::vector<FarPoint>& far) {
  struct InShell {
    Index cell;
    int shell;
    Index point;
  };
  std::vector<InShell> apart;
  apart.reserve(far.size());
  std::vector<bool> is_far(partition.order.size(), false);
  for (const auto& [point, cell, factor] : far) {
    apart.push_back({cell, static_cast<int>(std::clamp(std::log2(std::max(factor, 1.0)) / 2, 0.0, 15.0)), point});
    is_far[as_size(point)] = true;
  }
  const auto place = [](const InShell& p) { return std::pair(p.cell, p.shell); };
  std::stable_sort(apart.begin(), apart.end(), [&](const InShell& a, const InShell& b) { return place(a) < place(b); });
  const Index n_cells = partition.n_cells();
  std::vector<Index> changed;
  for (auto first = apart.begin(); first != apart.end();) {
    checkpoint();
    const Index cell = first->cell;
    Range& near = partition.cells[as_size(cell)];
    const auto begin = partition.order.begin() + near.begin, end = partition.order.begin() + near.end;
    auto at = std::stable_partition(begin, end, [&](Index point) { return !is_far[as_size(point)]; });
    near.end = at - partition.order.begin();
    changed.push_back(cell);
    while (first != apart.end() && first->cell == cell) {
      const auto last = std::find_if(first, apart.end(), [&](const InShell& p) { return place(p) != place(*first); });
      const Index begin_of_shell = at - partition.order.begin();
      at = std::transform(first, last, at, [](const InShell& p) { return p.point; });
      partition.cells.push_back({begin_of_shell, at - partition.order.begin()});
      first = last;
    }
  }
  for (const Index cell : counted({n_cells, partition.n_cells()})) changed.push_back(cell);
  return changed;
}

}  // namespace

LatticePoints LatticePoints::with_far_cells(const kernels::Lattice& lattice, const MatrixView& points,
                                            const Metric& metric, Partition partition) {
  LatticePoints made(lattice, points, metric, partition, room_for_far(points.rows, lattice.points));
  const std::vector<FarPoint> far = made.take_far();
  if (far.empty()) return made;
  const Index n_cells = partition.n_cells();
  const std::vector<Index> changed = set_apart(partition, far);
  made.place(partition);
  if (made.n_panels() * made.width_ <= made.start_.size()) {
    made.pack(points, metric, partition, changed);
  } else {
    made = LatticePoints(lattice, points.cols);  // its codes are given back before the others are made
    made = LatticePoints(lattice, points, metric, partition);
  }
  made.n_near_cells_ = n_cells;
  // Those that are far from others that are far stay with them.
  made.take_far();
  return made;
}

Partition Partition::whole(Index n_points, Index width) {
  Partition all{{}, {{0, n_points}}};
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

LatticePoints::LatticePoints(const kernels::Lattice& lattice, const MatrixView& points, const Metric& metric,
                             const Partition& partition, Index room)
    : LatticePoints(lattice, points.cols) {
  place(partition);
  const Index slots = (n_panels() + room) * width_;
  codes_ = AlignedBuffer<std::uint8_t>(slots * row_bytes_);
  start_ = AlignedBuffer<std::int32_t>(slots);
  points_ = AlignedBuffer<Index>(slots);
  n_near_cells_ = n_cells();
  pack(points, metric, partition, counted({0, n_cells()}));
}

LatticePoints LatticePoints::passing(const kernels::Lattice& lattice, const MatrixView& points, const Metric& metric) {
  LatticePoints made(lattice, points.cols);
  made.keeps_panels_ = false;
  made.place({{}, {{0, points.rows}}});
  Cell& all = made.cells_.front();
  all.frame = frame_of(lattice, points, metric, {}, frame_sample);
  all.radius = std::numeric_limits<double>::infinity();
  return made;
}

LatticePoints::LatticePoints(const kernels::Lattice& lattice, Index features)
    : lattice_(&lattice),
      width_(lattice.points),
      row_bytes_(lattice_row_bytes(lattice, features)),
      largest_(lattice_levels(lattice, features)),
      far_(3 * std::sqrt(static_cast<double>(features) / 12)) {}

void LatticePoints::place(const Partition& partition) {
  const Index panels_per_group = group_panels(width_ * row_bytes_);
  for (Index c = n_cells(); c < partition.n_cells(); ++c) {
    const Index mine = ceil_div(partition.cells[as_size(c)].size(), width_), first = n_panels();
    const Index parts = ceil_div(mine, panels_per_group);
    cells_.emplace_back().groups = {n_groups(), n_groups() + parts};
    for (Index part = 0; part < parts; ++part) {
      const Range panels = part_of(mine, parts, part);
      groups_.push_back({c, {first + panels.begin, first + panels.end}});
    }
  }
  packed_.resize(groups_.size());
}

void LatticePoints::pack(const MatrixView& points, const Metric& metric, const Partition& partition,
                         std::span<const Index> cells) {
  const std::span<const Index> order = partition.order;
  std::vector<Index> groups;
  Index n_points = 0;
  for (const Index c : cells) {
    const Cell& cell = cells_[as_size(c)];
    for (Index g = cell.groups.begin; g < cell.groups.end; ++g) groups.push_back(g);
    n_points += partition.cells[as_size(c)].size();
  }
  const double operations = 8.0 * static_cast<double>(n_points * row_bytes_);
  parallel_for_work(std::ssize(cells), operations, [&](Index at) {
    const Index c = cells[as_size(at)];
    const Range range = partition.cells[as_size(c)];
    if (range.size() == 0) return;
    cells_[as_size(c)].frame =
        frame_of(*lattice_, points, metric, order.subspan(as_size(range.begin), as_size(range.size())),
                 std::max(frame_sample_of_many, frame_sample * range.size() / std::ssize(order)));
  });
  parallel_for_work(std::ssize(groups), operations, [&](Index at) {
    LatticeRounder rounder(*lattice_, points, metric);
    const Index g = groups[as_size(at)];
    packed_[as_size(g)] = pack_group(points, rounder, partition, g);
  });
  for (const Index c : cells) {
    Cell& cell = cells_[as_size(c)];
    LatticeRow most;
    for (Index g = cell.groups.begin; g < cell.groups.end; ++g) most.raise_to(packed_[as_size(g)].bound);
    cell.moved = most.moved;
    cell.radius = most.length() / cell.frame.inverse_step * inflate;
  }
}

std::vector<FarPoint> LatticePoints::take_far() {
  std::vector<FarPoint> far;
  for (PackedGroup& group : packed_) {
    const std::vector<FarPoint> some = std::exchange(group.far, {});
    far.insert(far.end(), some.begin(), some.end());
  }
  return far;
}

PackedGroup LatticePoints::pack_group(const MatrixView& points, LatticeRounder& rounder, const Partition& partition,
                                      Index at) {
  const Group& group = groups_[as_size(at)];
  const Cell& cell = cells_[as_size(group.cell)];
  const Range members = partition.cells[as_size(group.cell)];
  const Index first_panel = group.panels.begin, first_slot = first_panel * width_;
  const LatticePanels to{codes_.data() + first_slot * row_bytes_, start_.data() + first_slot,
                         points_.data() + first_slot};
  // The group's first slot holds this entry of the order.
  const Index begin = members.begin + (first_panel - groups_[as_size(cell.groups.begin)].panels.begin) * width_;
  const Index end = std::max(begin, std::min(begin + group.panels.size() * width_, members.end));
  // Cells take their points from anywhere, the next one too.
  const Index rows_ahead = rows_on_their_way(points), n_rows = std::ssize(partition.order);
  PackedGroup packed;
  packed.n_panels = group.panels.size();
  for (Index i = begin; i < end; ++i) {
    if ((i - begin) % width_ == 0) checkpoint();
    const Index point = partition.order[as_size(i)];
    if (i + rows_ahead < n_rows) prefetch_row(points, partition.order[as_size(i + rows_ahead)]);
    const LatticeRow row = rounder.round_point(point, cell.frame);
    if (is_far(row)) packed.far.push_back({point, group.cell, row.length() / largest_});
    fill(rounder, row, point, i - begin, to);
    packed.bound.raise_to(row);
  }
  clear(to, end - begin, group.panels.size() * width_);
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
