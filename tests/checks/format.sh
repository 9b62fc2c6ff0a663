#!/usr/bin/env bash
# C++ as clang-format 14 would write it; shell as shellcheck likes it; manual pages without warnings.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

files() { git ls-files -z --cached --others --exclude-standard -- "$@"; }

echo "clang-format"
files '*.cc' '*.h' | xargs -0 -r clang-format-14 --dry-run -Werror
echo "shellcheck"
{ files '*.sh'; printf '.ci/run\0'; } | xargs -0 shellcheck -x
echo "mandoc"
files 'man/*.[1-8]' | xargs -0 -r mandoc -T lint -W warning
