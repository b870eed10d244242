// SPDX-License-Identifier: BSD-3-Clause
#include "kernels/coarse_amx.inl.hpp"
#include "kernels/fill_table.inl.hpp"
#include "kernels/vec_amx.hpp"
#include "kernels/vec_avx512.hpp"

namespace crowfly::kernels::amx {
namespace {

/// Tile registers can't be compared: their sums go to memory. While a panel is multiplied, the one before the last meets the thresholds there; the right half of each
/// is stored during the next one's first products, so that the tiles never wait for a store (one block of features: 240 cycles a panel, 173 so; two: 312 and 265).
class Scan {
 public:
  explicit Scan(const LatticeScan& task) : task_(task), next_(task.hits) {}

  LatticeFound run() {
    const LatticeHit* const end = task_.hits + task_.capacity;
    Index p = 0;
    for (; p < task_.n_panels && end - next_ >= (n_open() + 1) * tile; p += task_.step) {
      multiply(p);
      take_oldest();
      ++n_multiplied_;
    }
    TileSums::Right::store(values(before()));
    while (n_open() > 0) {
      look_until(n_blocks);
      take_oldest();
    }
    return {p, next_ - task_.hits};
  }

 private:
  static constexpr Index rows = TileSums::queries, cols = TileSums::points, tile = rows * cols, lanes = Sums::lanes;
  static_assert(cols == 2 * lanes);
  static constexpr Index ahead = 4096;
  /// Rows that are looked at together: a hit among them has them looked at one by one.
  static constexpr Index block = 8, n_blocks = rows / block;
  /// Panels that are multiplied and not looked at; one more is being multiplied.
  static constexpr Index max_open = 2, n_values = max_open + 1;

  /// The panel before; for the first, one that isn't looked at.
  [[nodiscard]] Index before() const noexcept { return n_multiplied_ + n_values - 1; }
  [[nodiscard]] Index n_open() const noexcept { return n_multiplied_ - n_taken_; }
  [[nodiscard]] std::int32_t* values(Index turn) noexcept { return values_[turn % n_values]; }
  [[nodiscard]] const std::int32_t* oldest() const noexcept { return values_[n_taken_ % n_values]; }
  [[nodiscard]] const std::int32_t* oldest_start() const noexcept { return task_.start + n_taken_ * task_.step * cols; }

  void multiply(Index panel) {
    const auto* query = static_cast<const std::int8_t*>(task_.queries);
    const auto* point = static_cast<const std::uint8_t*>(task_.points) + panel * cols * task_.row_bytes;
    const Index depth = task_.row_bytes;
    const bool looks = n_open() == max_open;
    TileSums::Left::set_zero();
    for (Index j = 0; j < depth; j += TileSums::features) {
      TileSums::load_queries(query + j * rows);
      TileSums::Left::add_products(point + j * cols);
      if (j == 0) {
        TileSums::Right::store(values(before()));
        TileSums::Right::set_zero();
      }
      TileSums::Right::add_products(point + j * cols);
      ask_for(point + j * cols + ahead);
      if (looks) look_until((n_blocks * (j + TileSums::features) + depth - 1) / depth);
    }
    TileSums::Left::store(values(n_multiplied_));
  }

  /// Tile loads don't wake the prefetcher.
  static void ask_for(const std::uint8_t* points) {
#pragma GCC unroll 32
    for (Index at = 0; at < TileSums::features * cols; at += 64) __builtin_prefetch(points + at);
  }

  void look_until(Index n) {
    for (; looked_at_ < n; ++looked_at_) {
      if (has_hit(looked_at_ * block)) rows_hit_ |= 1U << looked_at_;
    }
  }

  [[nodiscard]] bool has_hit(Index first_row) const {
    const std::int32_t* start = oldest_start();
    const std::int32_t* values = oldest() + first_row * cols;
    const std::int32_t* thresholds = task_.thresholds + first_row;
    Sums left = Sums::difference(values, thresholds[0]), right = Sums::difference(values + lanes, thresholds[0]);
    for (Index i = 1; i < block; ++i) {
      left = max(left, Sums::difference(values + i * cols, thresholds[i]));
      right = max(right, Sums::difference(values + i * cols + lanes, thresholds[i]));
    }
    return (reaching(left, start) | reaching(right, start + lanes)) != 0;
  }

  /// To be called when all blocks of it are looked at.
  void take_oldest() {
    if (looked_at_ < n_blocks) return;
    const Index panel = n_taken_ * task_.step;
    const std::int32_t* start = oldest_start();
    for (; rows_hit_ != 0; rows_hit_ &= rows_hit_ - 1) {
      const Index first = __builtin_ctz(rows_hit_) * block;
      for (Index i = first; i < first + block; ++i) {
        for (Index c = 0; c < cols; c += lanes) {
          const std::int32_t* row = oldest() + i * cols + c;
          std::uint32_t hits = reaching(Sums::difference(row, task_.thresholds[i]), start + c);
          for (; hits != 0; hits &= hits - 1) {
            const int lane = __builtin_ctz(hits);
            *next_++ = {row[lane] + start[c + lane], static_cast<std::int32_t>(i),
                        static_cast<std::int32_t>(panel * cols + c + lane)};
          }
        }
      }
    }
    looked_at_ = 0;
    ++n_taken_;
  }

  const LatticeScan& task_;
  LatticeHit* next_;
  Index n_multiplied_ = 0, n_taken_ = 0, looked_at_ = 0;
  std::uint32_t rows_hit_ = 0;
  alignas(64) std::int32_t values_[n_values][tile];
};

LatticeFound scan(const LatticeScan& task) { return Scan(task).run(); }

std::int32_t tile_chain(Index n) {
  static_assert(byte_multiple % TileChain::products == 0);
  TileChain::set_zero();
  for (Index k = 0; k < n; k += TileChain::products) TileChain::add_products();
  return 0;
}

constexpr KernelTable make_amx_table() {
  KernelTable t = make_table<Isa>("amx");
  Lattice& bytes = t.byte_lattice;
  bytes.queries = TileSums::queries;
  bytes.points = TileSums::points;
  bytes.row_multiple = TileSums::features;
  bytes.group = TileSums::features;
  bytes.speed = 16;
  bytes.scan = scan;
  bytes.enter = TileSums::configure;
  bytes.leave = TileSums::release;
  t.byte_chain = tile_chain;
  t.coarse_gram = make_column_sums();
  return t;
}

}  // namespace

extern const KernelTable table;
constinit const KernelTable table = make_amx_table();

}  // namespace crowfly::kernels::amx
