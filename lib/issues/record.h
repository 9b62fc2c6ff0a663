/// The records of issues, their history and their changes, as JSON (m8-records(5)) and for people.
///
/// Threads: plain functions, no state.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "model/issue.h"

namespace m8::issues {

/// Appends the keys of \p issue to the object that \p w has open; without its event.
void write_issue(json::Writer& w, const model::Issue& issue);
/// One line, into \p w, which is emptied before; the text is good until it is used again.
const std::string& issue_line(json::Writer& w, const model::Issue& issue);
/// One line.
std::string event_line(const model::IssueEvent& event);
/// "unreviewed -> remediated, gone": what the change was.
std::string event_text(const model::IssueEvent& event);

}  // namespace m8::issues
