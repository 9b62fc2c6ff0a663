#include "dsl/zip.h"

#include <utility>

#include "dsl/deflate.h"

namespace m8::dsl {
namespace {

constexpr std::uint16_t kVersion = 20;
constexpr std::uint16_t kStreamed = 0x0008;  ///< sizes follow the data
constexpr std::uint16_t kDeflated = 8;
constexpr std::size_t kMaxCount = 0xFFFF;

/// Little-endian fields, one after another.
class Fields {
 public:
  explicit Fields(std::string& out) : out_(out) {}
  Fields& u16(std::size_t value) { return put(value, 2); }
  Fields& u32(std::size_t value) { return put(value, 4); }

 private:
  Fields& put(std::size_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out_ += static_cast<char>(value >> (8 * i) & 255);
    return *this;
  }
  std::string& out_;
};

}  // namespace

Status ZipWriter::add(std::string_view name, std::string_view content) {
  if (name.size() > kMaxCount || entries_ == kMaxCount) {
    return Error{ErrorCode::kInvalidArgument, "zip: name too long or too many entries"};
  }
  const std::string data = compress(content, Wrapping::kRaw);
  const std::uint32_t crc = crc32_of(content);
  const std::size_t offset = out_.size();
  Fields local(out_);
  local.u32(0x04034b50).u16(kVersion).u16(kStreamed).u16(kDeflated).u32(0);
  local.u32(0).u32(0).u32(0).u16(name.size()).u16(0);
  out_.append(name).append(data);
  local.u32(0x08074b50).u32(crc).u32(data.size()).u32(content.size());

  Fields central(directory_);
  central.u32(0x02014b50).u16(kVersion).u16(kVersion).u16(kStreamed).u16(kDeflated).u32(0);
  central.u32(crc).u32(data.size()).u32(content.size()).u16(name.size());
  central.u16(0).u16(0).u16(0).u16(0).u32(0).u32(offset);
  directory_ += name;
  ++entries_;
  return {};
}

std::string ZipWriter::finish() && {
  const std::size_t offset = out_.size();
  out_ += directory_;
  Fields end(out_);
  end.u32(0x06054b50).u16(0).u16(0).u16(entries_).u16(entries_);
  end.u32(directory_.size()).u32(offset).u16(0);
  return std::move(out_);
}

}  // namespace m8::dsl
