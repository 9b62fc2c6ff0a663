/// HostnameWriter: the hostnames of one batch into SQLite, in the order of their index.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/hostname.h"
#include "store/sqlite_db.h"

namespace m8::store {

/// Adds the batch table that HostnameWriter needs: once per connection.
Status add_hostname_batch(SqliteDb& db);

/// For one transaction, which the caller began. Borrows the connection and the batch.
class HostnameWriter final : private BatchRows {
 public:
  /// \p run: id of the run that saw the names.
  HostnameWriter(SqliteDb& db, std::int64_t run) : db_(db), run_(run) {}
  /// As Store::upsert_hostnames(); unknown domains are added.
  Status write(std::span<const model::Hostname> batch);

  /// Every statement of write().
  static std::vector<std::string_view> statements();

 private:
  struct Placed {
    std::int64_t domain;          ///< its id
    std::uint64_t first, second;  ///< the name's first 16 bytes, as they compare
    const model::Hostname* record;
    bool changed = false;  ///< it is known, and with other addresses

    bool operator<(const Placed& other) const;
  };
  /// The lists of a record as words. One word is borrowed, more are joined in \p buffers.
  struct Lists {
    std::string_view sources, a, aaaa, cname;
    std::string buffers[4];

    void set(const model::Hostname& record);
  };

  Result<std::int64_t> domain_id(const std::string& name, WallTime seen);
  Status place(std::span<const model::Hostname> batch);
  void keep_changed();

  std::size_t size() const override { return order_.size(); }
  void go_to(std::size_t row) override;
  Cell cell(int column) override;
  void compared(bool same) override { order_[at_].changed = !same; }

  SqliteDb& db_;
  const std::int64_t run_;
  std::vector<Placed> order_;
  std::size_t at_ = 0;  ///< in order_
  Lists lists_;         ///< of that
};

}  // namespace m8::store
