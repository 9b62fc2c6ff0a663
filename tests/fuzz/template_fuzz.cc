// A template file of any bytes is read and compiled, or refused, never a crash. No payload file is
// read: there is no folder to look in.
#include <cstdint>
#include <string_view>

#include "dsl/services.h"
#include "templates/include.h"
#include "templates/template.h"
#include "templates/workflow_loader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)m8::templates::fill_includes(text, "/no/such/folder/x.yaml");
  const auto document = m8::templates::read_document(text, {"/t/x.yaml", "x.yaml"});
  if (!document.ok()) return 0;
  if (document->kind == m8::templates::Kind::kWorkflow) {
    (void)m8::templates::check_workflow(*document);
    return 0;
  }
  static m8::dsl::Services services;
  (void)m8::templates::Template::compile(*document, {}, services);
  return 0;
}
