#include "match/markup.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <libxml/HTMLparser.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>

#include "base/regex.h"

namespace m8::match {
namespace {

constexpr std::size_t kMaxText = std::size_t{16} << 20;
constexpr unsigned long kMaxSteps = 10'000'000;
/// As the library numbers it in errors.
constexpr int kTooManySteps =
    XPATH_OP_LIMIT_EXCEEDED - XPATH_EXPRESSION_OK + XML_XPATH_EXPRESSION_OK;

struct FreeText {
  void operator()(xmlChar* text) const { xmlFree(text); }
};
using Text = std::unique_ptr<xmlChar, FreeText>;

struct FreeContext {
  void operator()(xmlXPathContext* context) const { xmlXPathFreeContext(context); }
};
struct FreeObject {
  void operator()(xmlXPathObject* object) const { xmlXPathFreeObject(object); }
};

const xmlChar* as_xml(const std::string& text) {
  return reinterpret_cast<const xmlChar*>(text.c_str());
}

std::string as_string(const Text& text) {
  return text ? reinterpret_cast<const char*>(text.get()) : std::string();
}

/// The element after \p node in document order, below \p root.
xmlNode* next_element(xmlNode* node, xmlNode* root) {
  if (xmlNode* child = xmlFirstElementChild(node)) return child;
  while (node != root) {
    if (xmlNode* sibling = xmlNextElementSibling(node)) return sibling;
    node = node->parent;
  }
  return nullptr;
}

/// Elements of a default namespace lose it, because expressions have no way to name it.
void drop_default_namespaces(xmlDoc* document) {
  xmlNode* root = xmlDocGetRootElement(document);
  for (xmlNode* node = root; node != nullptr; node = next_element(node, root)) {
    if (node->ns != nullptr && node->ns->prefix == nullptr) node->ns = nullptr;
  }
}

/// Prefixes mean in expressions what they first mean in the document.
void register_prefixes(xmlXPathContext* context, xmlDoc* document) {
  std::set<std::string> known;
  xmlNode* root = xmlDocGetRootElement(document);
  for (xmlNode* node = root; node != nullptr; node = next_element(node, root)) {
    for (xmlNs* ns = node->nsDef; ns != nullptr; ns = ns->next) {
      if (ns->prefix == nullptr) continue;
      if (!known.insert(reinterpret_cast<const char*>(ns->prefix)).second) continue;
      xmlXPathRegisterNs(context, ns->prefix, ns->href);
    }
  }
}

void say_nothing(void*, const char*, ...) {}

std::string pop_text(xmlXPathParserContext* context) {
  return as_string(Text(xmlXPathPopString(context)));
}

/// matches(text, pattern) of XPath 2.0, which templates use.
void call_matches(xmlXPathParserContext* context, int arguments) {
  if (arguments != 2) {
    xmlXPathSetArityError(context);
    return;
  }
  const std::string pattern = pop_text(context), text = pop_text(context);
  if (xmlXPathCheckError(context) != 0) return;
  const auto regex = Regex::compile(pattern);
  xmlXPathReturnBoolean(context, regex && regex->search(text) ? 1 : 0);
}

xmlDoc* parse_xml(std::string_view text) {
  return xmlReadMemory(text.data(), static_cast<int>(text.size()), nullptr, nullptr,
                       XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
}

bool is_letter(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }

bool is_name_char(char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || (static_cast<unsigned char>(c) & 0x80) != 0 ||
         std::string_view(":-_.").find(c) != std::string_view::npos;
}

/// Where the text of an element ends that holds no tags (HTML 13.2.5); \p at for other elements.
std::size_t skip_raw_text(std::string_view html, std::string_view name, std::size_t at) {
  for (const std::string_view raw : {"script", "style", "textarea", "title"}) {
    const bool same = std::equal(name.begin(), name.end(), raw.begin(), raw.end(),
                                 [](char a, char b) { return (a | 32) == b; });
    if (same) return std::min(html.find(std::string("</").append(name), at), html.size());
  }
  return at;
}

/// In HTML 5 a tag's name goes up to a blank, '/' or '>': `<script$x>` is no script. libxml2 ends
/// it at the first odd character; an underscore in its place keeps it whole.
std::string with_whole_names(std::string_view html) {
  std::string out(html);
  for (std::size_t at = html.find('<'); at != std::string_view::npos; at = html.find('<', at)) {
    if (html.substr(at).starts_with("<!--")) {
      at = std::min(html.find("-->", at), html.size());
      continue;
    }
    if (++at == html.size() || !is_letter(html[at])) continue;
    const std::size_t end = std::min(html.find_first_of(" \t\r\n\f/>", at), html.size());
    const std::string_view name = html.substr(at, end - at);
    for (std::size_t i = at; i < end; ++i)
      if (!is_name_char(out[i])) out[i] = '_';
    at = skip_raw_text(html, name, end);
  }
  return out;
}

bool is_element(const xmlNode* node, const char* name) {
  return node->type == XML_ELEMENT_NODE && xmlStrEqual(node->name, BAD_CAST name) != 0;
}

/// Rows that stand in a table itself go into a tbody, with all up to the next section.
void wrap_rows(xmlNode* table) {
  xmlNode* body = nullptr;
  for (xmlNode* node = table->children; node != nullptr;) {
    xmlNode* const next = node->next;
    const bool row = is_element(node, "tr");
    if (row && body == nullptr) {
      body = xmlNewDocNode(table->doc, nullptr, BAD_CAST "tbody", nullptr);
      if (body == nullptr) return;
      xmlAddPrevSibling(node, body);
    }
    if (node->type == XML_ELEMENT_NODE && !row) body = nullptr;
    if (body != nullptr) {
      xmlUnlinkNode(node);
      xmlAddChild(body, node);
    }
    node = next;
  }
}

/// HTML 5 puts the rows of each table into a tbody, libxml2 does not, and paths count on it.
void add_table_bodies(xmlDoc* document) {
  xmlNode* root = xmlDocGetRootElement(document);
  for (xmlNode* node = root; node != nullptr; node = next_element(node, root)) {
    if (is_element(node, "table")) wrap_rows(node);
  }
}

xmlDoc* parse_html(std::string_view bytes) {
  const std::string text = with_whole_names(bytes);
  xmlDoc* document = htmlReadMemory(
      text.data(), static_cast<int>(text.size()), nullptr, "UTF-8",
      HTML_PARSE_RECOVER | HTML_PARSE_NONET | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING);
  if (document != nullptr) add_table_bodies(document);
  return document;
}

}  // namespace

void Markup::Free::operator()(_xmlDoc* document) const { xmlFreeDoc(document); }
Markup::Markup(Markup&&) noexcept = default;
Markup::~Markup() = default;

std::optional<Markup> Markup::parse(std::string_view text) {
  static const bool ready = (xmlInitParser(), true);
  (void)ready;
  if (text.size() > kMaxText) return std::nullopt;
  const bool is_xml = text.starts_with("<?xml");
  xmlDoc* document = is_xml ? parse_xml(text) : parse_html(text);
  if (document == nullptr) return std::nullopt;
  if (is_xml) drop_default_namespaces(document);
  return Markup(document);
}

Result<std::vector<std::string>> Markup::select(const std::string& xpath,
                                                const std::string& attribute) const {
  const std::unique_ptr<xmlXPathContext, FreeContext> context(xmlXPathNewContext(document_.get()));
  if (!context) return Error{ErrorCode::kExhausted, "xpath: no memory"};
  context->error = [](void*, xmlErrorPtr) {};
  xmlSetGenericErrorFunc(nullptr, say_nothing);  // of this thread
  xmlXPathRegisterFunc(context.get(), reinterpret_cast<const xmlChar*>("matches"), call_matches);
  context->opLimit = kMaxSteps;
  register_prefixes(context.get(), document_.get());
  const std::unique_ptr<xmlXPathObject, FreeObject> found(
      xmlXPathEvalExpression(as_xml(xpath), context.get()));
  if (context->lastError.code == kTooManySteps) {
    return Error{ErrorCode::kExhausted, fmt::format("xpath: too many steps: {}", xpath)};
  }
  if (!found || found->type != XPATH_NODESET) {
    return Error{ErrorCode::kInvalidArgument, fmt::format("xpath: selects no nodes: {}", xpath)};
  }
  std::vector<std::string> out;
  const int count = found->nodesetval == nullptr ? 0 : found->nodesetval->nodeNr;
  for (int i = 0; i < count; ++i) {
    xmlNode* node = found->nodesetval->nodeTab[i];
    out.push_back(as_string(
        Text(attribute.empty() ? xmlNodeGetContent(node) : xmlGetProp(node, as_xml(attribute)))));
  }
  return out;
}

}  // namespace m8::match
