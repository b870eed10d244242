// SPDX-License-Identifier: BSD-3-Clause
// Queries put to an index: what lists and predictions are made from, however points and queries are stored.
#pragma once

#include <functional>
#include <span>

#include "neighbors/admission.hpp"
#include "neighbors/metric.hpp"
#include "neighbors/top_k.hpp"

namespace crowfly {

class Search {
 public:
  Search() = default;
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;
  virtual ~Search() = default;

  /// Called once per query, from several threads, in any order: the query's number and its neighbours, the nearest first.
  using Consume = std::function<void(Index, std::span<const Neighbor>)>;

  [[nodiscard]] virtual Index n_queries() const noexcept = 0;
  [[nodiscard]] virtual const Metric& metric() const noexcept = 0;
  /// The k nearest of each query. At least k points must be admitted to each.
  virtual void nearest(Index k, const Consume& consume) const = 0;
  /// All at a distance of at most `radius`.
  virtual void within(double radius, const Consume& consume) const = 0;
  /// Their number.
  virtual void count_within(double radius, Index* counts) const = 0;
};

/// Of an index and a view of queries as it takes them.
template <class Points, class Queries>
class SearchOf final : public Search {
 public:
  /// `index`, and what the others refer to, outlive this.
  SearchOf(const Points& index, const Queries& queries, const Admission& admission)
      : index_(index), queries_(queries), admission_(admission) {}

  [[nodiscard]] Index n_queries() const noexcept override { return queries_.rows; }
  [[nodiscard]] const Metric& metric() const noexcept override { return index_.metric(); }
  void nearest(Index k, const Consume& consume) const override { index_.nearest({queries_, admission_}, k, consume); }
  void within(double radius, const Consume& consume) const override {
    index_.within({queries_, admission_}, radius, consume);
  }
  void count_within(double radius, Index* counts) const override {
    index_.count_within({queries_, admission_}, radius, counts);
  }

 private:
  const Points& index_;
  Queries queries_;
  Admission admission_;
};

}  // namespace crowfly
