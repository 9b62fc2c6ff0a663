#include "response_folder.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "base/file.h"
#include "base/hash.h"
#include "net/url.h"

namespace m8::asmm8 {
namespace {

namespace fs = std::filesystem;

Status make(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  return error ? Status(errno_error(folder.string(), error.value())) : Status();
}

/// The host and port of \p url as a file name.
std::string folder_of(const std::string& url) {
  const auto parsed = net::Url::parse(url);
  std::string name = parsed.ok() ? parsed->authority() : std::string();
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == ':' || c == '/' || c == '\0'; }, '_');
  return name.empty() || name.starts_with('.') ? "_" + name : name;
}

}  // namespace

Result<std::unique_ptr<ResponseFolder>> ResponseFolder::open(const std::string& path) {
  std::error_code error;
  const fs::path folder = fs::absolute(path, error) / "response";
  if (error) return errno_error(path, error.value());
  M8_TRY(make(folder));
  auto index = M8_TRY(output::Stream::create((folder / "index.txt").string()));
  return std::unique_ptr<ResponseFolder>(new ResponseFolder(folder.string(), std::move(index)));
}

Result<std::string> ResponseFolder::store(const model::Endpoint& record) {
  const fs::path folder = fs::path(folder_) / folder_of(record.url);
  M8_TRY(make(folder));
  const std::string path =
      (folder / (sha1_hex(record.method + ":" + record.url) + ".txt")).string();
  std::string text = record.request;
  for (const std::string& head : record.chain_heads) text += head;
  if (record.chain_heads.empty()) text += record.raw_header;
  (text += record.body) += "\n\n\n" + record.url;
  M8_TRY(write_file_atomically(path, text));
  M8_TRY(index_->write(fmt::format("{} {} ({})\n", path, record.url, record.status)));
  return path;
}

}  // namespace m8::asmm8
