/// The order in which the records of a batch are written.
#pragma once

#include <algorithm>
#include <functional>
#include <span>
#include <tuple>
#include <vector>

#include "model/hostname.h"

namespace m8::store {

/// The records of \p batch in the order of their \p key: neighbours lie on the same pages, and all
/// programs lock rows in one order. Records with the same key stay in theirs. Borrows \p batch.
template <typename Record, typename Key>
std::vector<const Record*> sorted(std::span<const Record> batch, Key key) {
  std::vector<const Record*> order;
  order.reserve(batch.size());
  for (const Record& record : batch) order.push_back(&record);
  std::stable_sort(order.begin(), order.end(), [&key](const Record* a, const Record* b) {
    return std::invoke(key, *a) < std::invoke(key, *b);
  });
  return order;
}

inline auto hostname_key(const model::Hostname& record) {
  return std::tie(record.domain, record.hostname);
}

}  // namespace m8::store
