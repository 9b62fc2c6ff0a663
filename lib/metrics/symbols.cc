#include "metrics/symbols.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include "base/file.h"

namespace m8::metrics {
namespace {

/// Where the program itself was loaded: it is the first object.
std::uintptr_t own_base() {
  std::uintptr_t base = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* out) {
        *static_cast<std::uintptr_t*>(out) = info->dlpi_addr;
        return 1;
      },
      &base);
  return base;
}

/// The part of \p file, or nothing if it is not inside.
std::string_view part(std::string_view file, std::uint64_t offset, std::uint64_t size) {
  if (offset > file.size() || size > file.size() - offset) return {};
  return file.substr(offset, size);
}

template <typename Record>
std::vector<Record> records(std::string_view bytes) {
  std::vector<Record> all(bytes.size() / sizeof(Record));
  if (!all.empty()) std::memcpy(all.data(), bytes.data(), all.size() * sizeof(Record));
  return all;
}

std::string demangled(const char* name) {
  int status = 0;
  struct Free {
    void operator()(char* text) const { std::free(text); }
  };
  const std::unique_ptr<char, Free> text(abi::__cxa_demangle(name, nullptr, nullptr, &status));
  return short_name(status == 0 && text ? text.get() : name);
}

}  // namespace

std::string short_name(std::string_view demangled) {
  std::string out;
  int angles = 0;
  constexpr std::string_view kAnonymous = "(anonymous namespace)";
  for (std::size_t i = 0; i < demangled.size(); ++i) {
    const char c = demangled[i];
    if (demangled.substr(i).starts_with(kAnonymous)) {
      if (angles == 0) out += "{anonymous}";
      i += kAnonymous.size() - 1;
    } else if (c == '(' && angles == 0 && !out.ends_with("operator")) {
      break;
    } else if (c == '<' && !out.ends_with("operator")) {
      ++angles;
    } else if (c == '>' && angles > 0) {
      --angles;
    } else if (angles == 0) {
      out += c == ' ' || c == ';' ? '_' : c;
    }
  }
  return out;
}

Symbols::Symbols() {
  const auto file = read_file("/proc/self/exe", 1u << 30);
  if (!file.ok() || file->size() < sizeof(ElfW(Ehdr))) return;
  ElfW(Ehdr) head;
  std::memcpy(&head, file->data(), sizeof head);
  const std::uint64_t table = std::uint64_t{head.e_shnum} * sizeof(ElfW(Shdr));
  const auto sections = records<ElfW(Shdr)>(part(*file, head.e_shoff, table));
  const std::uintptr_t base = own_base();
  for (const auto& section : sections) {
    if (section.sh_type != SHT_SYMTAB || section.sh_link >= sections.size()) continue;
    const auto& named = sections[section.sh_link];
    const std::string_view names = part(*file, named.sh_offset, named.sh_size);
    for (const auto& one : records<ElfW(Sym)>(part(*file, section.sh_offset, section.sh_size))) {
      if (ELF64_ST_TYPE(one.st_info) != STT_FUNC || one.st_size == 0) continue;
      if (one.st_name >= names.size()) continue;
      const std::string_view name = names.substr(one.st_name);
      functions_.push_back({base + one.st_value, base + one.st_value + one.st_size,
                            std::string(name.substr(0, name.find('\0')))});
    }
  }
  std::sort(functions_.begin(), functions_.end(),
            [](const Function& a, const Function& b) { return a.begin < b.begin; });
}

std::string Symbols::name(const void* address) const {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  auto found =
      std::upper_bound(functions_.begin(), functions_.end(), at,
                       [](std::uintptr_t value, const Function& f) { return value < f.begin; });
  if (found != functions_.begin() && at < std::prev(found)->end)
    return demangled(std::prev(found)->name.c_str());
  Dl_info info{};
  if (::dladdr(address, &info) == 0 || info.dli_fname == nullptr) return "?";
  if (info.dli_sname != nullptr) return demangled(info.dli_sname);
  const std::string_view path = info.dli_fname;
  return std::string(path.substr(path.rfind('/') + 1));
}

}  // namespace m8::metrics
