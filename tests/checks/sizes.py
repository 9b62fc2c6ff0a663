#!/usr/bin/env python3
"""Functions under 100 lines and 90 % of them under 40; sources under 800, headers under 300; at most
5 parameters.

Counts functions of clang-formatted C++: a brace whose head has parameters, directly inside a
namespace or a class. A lambda counts with the function that holds it.
"""
import pathlib
import re
import statistics
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAX_FUNCTION, MAX_SOURCE, MAX_HEADER, MAX_PARAMETERS = 100, 800, 300, 5
SHORT, SHARE_SHORT = 40, 0.9

# Everything that may hold a brace without being code; replaced by blanks, line ends kept.
NOISE = re.compile(r'R"(\w*)\(.*?\)\1"|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\''
                   r"|^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", re.DOTALL | re.MULTILINE)
CONTAINER = re.compile(r"^\s*(template\s*<.*>\s*)?(inline\s+)?(namespace|class|struct|union|enum|extern)\b",
                       re.DOTALL)


def blank(match):
    return re.sub(r"[^\n]", " ", match[0])


def parameters(head):
    """Number of parameters of the first parenthesis group in a function's head."""
    depth, count, seen = 0, 0, False
    start = head.find("(")
    if head[:start].rstrip().endswith("operator"):  # operator()(...)
        start = head.find("(", start + 1)
    for c in head[start:]:
        if c in "(<[{":
            depth += 1
        elif c in ")>]}":
            depth -= 1
            if depth == 0:
                break
        elif depth == 1 and c == ",":
            count += 1
        if depth >= 1 and not c.isspace() and c != "(":
            seen = True
    return count + 1 if seen else 0


def functions(text):
    """(first line, last line, parameters, head) of each function."""
    code = NOISE.sub(blank, text)
    kinds = []  # of the open braces: "container", "function", "other"
    head_start, begun = 0, None
    for i, c in enumerate(code):
        if c == "{":
            head = code[head_start:i]
            outside = all(kind == "container" for kind in kinds)
            if outside and CONTAINER.match(head) and "(" not in head.split("{")[0]:
                kinds.append("container")
            elif outside and "(" in head and not re.search(r"=\s*$|=[^=]*\(", head):
                kinds.append("function")
                begun = (head_start + len(head) - len(head.lstrip()), head)
            else:
                kinds.append("other")
        elif c == "}" and kinds:
            if kinds.pop() == "function" and all(kind == "container" for kind in kinds):
                first = code.count("\n", 0, begun[0]) + 1
                yield first, code.count("\n", 0, i) + 1, parameters(begun[1]), begun[1]
        if c in ";{}" and all(kind == "container" for kind in kinds):
            head_start = i + 1


def main():
    complaints, lengths = [], []
    for top in ("lib", "apps", "tests"):
        for path in sorted((ROOT / top).rglob("*.[ch]*")):
            if path.suffix not in (".cc", ".h"):
                continue
            name, text = path.relative_to(ROOT), path.read_text()
            lines, limit = text.count("\n"), MAX_HEADER if path.suffix == ".h" else MAX_SOURCE
            if lines > limit:
                complaints.append(f"{name}: {lines} lines, at most {limit}")
            for first, last, count, head in functions(text):
                length = last - first + 1
                if top != "tests":
                    lengths.append(length)
                if length > MAX_FUNCTION:
                    complaints.append(f"{name}:{first}: function of {length} lines, at most {MAX_FUNCTION}")
                if count > MAX_PARAMETERS and not re.search(r"void\* ?\w*\)\s*$", head):
                    complaints.append(f"{name}:{first}: {count} parameters, at most {MAX_PARAMETERS}")
    short = sum(length < SHORT for length in lengths) / max(1, len(lengths))
    if short < SHARE_SHORT:
        complaints.append(f"only {short:.0%} of the functions are under {SHORT} lines")
    print("\n".join(complaints))
    print(f"{len(lengths)} functions, median {statistics.median(lengths or [0]):g} lines, "
          f"{short:.1%} under {SHORT}, longest {max(lengths or [0])}; {len(complaints)} too large")
    return 1 if complaints or not lengths else 0


if __name__ == "__main__":
    sys.exit(main())
