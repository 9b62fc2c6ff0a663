#!/usr/bin/env python3
"""A room includes only rooms of lower layers, and a C library only in its room."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Lowest first; rooms on one line are strangers to each other.
LAYERS = [
    "base",
    "net",
    "model cli metrics",
    "http dsl match script serve output store queue cache",
    "dns",
    "operators probe oob issues",
    "protocols enumerate",
    "templates",
    "scan",
    "fleet lab",
    "api",
    "bench",
]
LAYER = {room: i for i, line in enumerate(LAYERS) for room in line.split()}

# Header pattern -> the folders or files (below lib/) that may include it.
LIBRARIES = {
    r"CLI/": ["cli/flag_set.cc"],
    r"curl/": ["http"],
    r"sqlite3\.h|libpq|postgresql/": ["store"],
    r"archive(_entry)?\.h": ["base/archive"],
    r"yaml\.h|re2/|simdjson|spdlog/": ["base"],
    r"microhttpd": ["serve"],
    r"prometheus/": ["metrics"],
    r"hiredis": ["cache"],
    r"amqp|rabbitmq": ["queue"],
    r"libxml/|jq\.h|jv\.h|hs/|hs\.h": ["match"],
    r"JavaScriptCore|jsc/": ["script"],
    r"idn2\.h|libpsl": ["net"],
    # Besides hashing and TLS: what signs or decrypts.
    r"openssl/": ["base/hash", "net/tls", "dsl", "oob", "lab", "probe", "protocols/ssl"],
    # Compressed bodies, and the language's own functions for them.
    r"zlib\.h|brotli/|zstd\.h": ["http", "dsl", "base", "serve/compress"],
    r"doctest/": [],
}

# What opens a connection -> who may. HTTP goes through http::Session alone: of the others each speaks
# another protocol (DNS, AMQP, a TLS handshake for its fingerprint), and the peer of a benchmark is a program.
CONNECTS = re.compile(r"\b(tcp_connect|curl_easy_perform|curl_multi_add_handle)\(|(?<!\w)::(connect|socket)\(")
MAY_CONNECT = ["net/socket", "http/", "dns/", "queue/amqp_stream", "enumerate/zone_transfers", "probe/close_look"]
# A request line that is written and not read.
REQUEST_LINE = re.compile(r"\bHTTP/1\.1\\r\\n")
MAY_WRITE_REQUESTS = ["http/", "lab/"]

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def includes(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if match := INCLUDE.match(line):
            yield number, match[1], match[2]


def check_room(path, room, header):
    """What is wrong with a project include, or nothing."""
    other = header.split("/")[0] if "/" in header else None
    if other is None or other == room:
        return None
    if other not in LAYER:
        return f"{other}/ is no room"
    if room != "apps" and LAYER[other] >= LAYER[room]:
        return f"{room}/ must not include {header}: {other}/ is not below it"
    return None


def check_library(path, header):
    inside = str(path.relative_to(ROOT / "lib")) if (ROOT / "lib") in path.parents else None
    for pattern, places in LIBRARIES.items():
        if not re.match(pattern, header):
            continue
        if inside is None or not any(inside.startswith(place) for place in places):
            return f"<{header}> belongs to {', '.join(places) or 'tests'}"
    return None


def check_door(path, line):
    """What is wrong with a line of code that makes a connection or a request, or nothing."""
    inside = str(path.relative_to(ROOT / "lib")) if (ROOT / "lib") in path.parents else ""
    if line.lstrip().startswith("//"):
        return None
    for pattern, places in ((CONNECTS, MAY_CONNECT), (REQUEST_LINE, MAY_WRITE_REQUESTS)):
        if pattern.search(line) and not any(inside.startswith(place) for place in places):
            return f"only {', '.join(places)} may: HTTP goes through http::Session"
    return None


def main():
    complaints, files = [], 0
    for top in ("lib", "apps"):
        for path in sorted((ROOT / top).rglob("*.[ch]*")):
            files += 1
            room = "apps" if top == "apps" else path.relative_to(ROOT / "lib").parts[0]
            if room != "apps" and room not in LAYER:
                complaints.append(f"{path.relative_to(ROOT)}: {room}/ is no room of the table")
                continue
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if wrong := check_door(path, line):
                    complaints.append(f"{path.relative_to(ROOT)}:{number}: {wrong}")
            for number, quote, header in includes(path):
                wrong = check_room(path, room, header) if quote == '"' else check_library(path, header)
                if wrong:
                    complaints.append(f"{path.relative_to(ROOT)}:{number}: {wrong}")
    print("\n".join(complaints))
    print(f"{files} files, {len(complaints)} wrong includes, connections and requests")
    return 1 if complaints or files == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
