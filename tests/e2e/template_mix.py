"""The template language in unusual mixtures, through `num8 scan` to a server on loopback: what each
template finds, with matcher, extractor, place and values; and what workflows run.
"""
import gzip
import http.server
import json
import re
import threading
import unittest
import urllib.parse

from support import Case, records

USERS = {"users": [{"id": 1, "name": "ann", "roles": ["a", "b"]},
                   {"id": 2, "name": "bob", "roles": []}],
         "token": "tok-42", "n": 12345678, "f": 1.50, "t": True, "z": None}
PAGE = """<html><head><title>Hi</title></head><body><form><input name="csrf" value="c1">\
<input name="csrf" value="c2"><a href="/l1">one</a><a href="/l2">two</a></form></body></html>"""
# Path: status, body, headers.
PAGES = {
    "/json": (200, json.dumps(USERS), [("Content-Type", "application/json"), ("X-Req-Id", "r-7"),
                                       ("X-Multi", "one"), ("X-Multi", "two")]),
    "/html": (200, PAGE, [("Content-Type", "text/html")]),
    "/xml": (200, '<?xml version="1.0"?><r><i k="v1">A</i><i k="v2">B</i></r>', []),
    "/bin": (200, b"\x00\x01PK\x03\x04\xff\xfe", []),
    "/gz": (200, gzip.compress(b"compressed hello"), [("Content-Encoding", "gzip")]),
}


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 100

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock, self.raced = threading.Lock(), 0


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=()):
        body = body.encode() if isinstance(body, str) else body
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def reply(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("latin1")
        url = urllib.parse.urlsplit(self.path)
        special = getattr(self, "reply_" + url.path.split("/")[1], None)
        if special:
            special(url, body)
        else:
            self.answer(*PAGES.get(url.path, (404, "nothing here")))

    do_GET = do_POST = do_PURGE = reply

    def reply_echo(self, _, body):
        head = "".join(f"{name}: {value}\n" for name, value in self.headers.items())
        self.answer(200, f"{self.command} {self.path}\n{head}\n{body}")

    def reply_redir(self, url, _):
        left = int(url.path.split("/")[2])
        if left == 0:
            self.answer(200, "end of chain")
        else:
            self.answer(302, f"hop {left}",
                        [("Location", f"/redir/{left - 1}"), ("X-Hop", str(left))])

    def reply_offsite(self, *_):
        port = self.server.server_address[1]
        self.answer(302, "", [("Location", f"http://127.0.0.2:{port}/echo")])

    def reply_login(self, _, body):
        if "user=admin&pass=secret" in body:
            self.answer(200, "welcome admin",
                        [("Set-Cookie", "sid=s3ss; Path=/"), ("Set-Cookie", "role=adm; Path=/")])
        else:
            self.answer(401, "denied")

    def reply_private(self, *_):
        inside = "sid=s3ss" in self.headers.get("Cookie", "")
        self.answer(*((200, "secret area") if inside else (403, "no")))

    def reply_basic(self, *_):
        inside = self.headers.get("Authorization") == "Basic YWRtaW46YWRtaW4="
        self.answer(*((200, "in") if inside else (401, "who")))

    def reply_item(self, url, _):
        name = urllib.parse.parse_qs(url.query).get("id", [""])[0]
        self.answer(200, f"item {name}" + (" FLAG" if name == "l2" else ""))

    def reply_race(self, *_):
        with self.server.lock:
            self.server.raced += 1
            count = self.server.raced
        self.answer(200, f"racer {count}")


# Name, blocks, findings: matcher, extractor, path and query, values.
TEMPLATES = [
    ("kval", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/json"]
    extractors:
      - {type: kval, name: k, kval: [x_req_id, content_type]}
""", [('', 'k', '/json', 'application/json', 'r-7')]),
    ("kval-ci", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/json"]
    extractors:
      - {type: kval, case-insensitive: true, kval: [X_Req_Id]}
""", [('', '', '/json', 'r-7')]),
    ("json1", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/json"]
    extractors:
      - {type: json, name: j, json: ['.users[].name', '.token']}
""", [('', 'j', '/json', 'ann', 'bob', 'tok-42')]),
    ("json2", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/json"]
    extractors:
      - {type: json, json: ['.users[0]', '.n', '.f', '.t', '.z', '.missing']}
""", [('', '', '/json', '', '1.5', '12345678', 'true', '{"id":1,"name":"ann","roles":["a","b"]}')]),
    ("xpath1", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/html"]
    extractors:
      - {type: xpath, attribute: value, xpath: ["//input[@name='csrf']"]}
""", [('', '', '/html', 'c1', 'c2')]),
    ("xpath-match", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/html"]
    matchers:
      - {type: xpath, xpath: ['//title', '//nothing']}
      - {type: xpath, name: both, condition: and, xpath: ['//title', '//a']}
""", [('both', '', '/html')]),
    ("dslx", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/json"]
    extractors:
      - type: dsl
        dsl: ['len(body)', 'status_code', 'to_upper(x_req_id)', '12345678', 'nope', content_type]
""", [('', '', '/json', '1.2345678e+07', '163', '200', 'R-7', 'application/json')]),
    ("regexgroup", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/html"]
    extractors:
      - {type: regex, part: body, group: 1, regex: ['name="(\w+)" value="(\w+)"', 'href="/(l\d)"']}
""", [('', '', '/html', 'csrf', 'l1', 'l2')]),
    ("iterall", r"""
http:
  - raw:
      - |
        GET /html HTTP/1.1
        Host: {{Hostname}}

      - |
        GET /item?id={{link}} HTTP/1.1
        Host: {{Hostname}}

    iterate-all: true
    extractors:
      - {type: regex, name: link, internal: true, group: 1, regex: ['href="/(l\d)"']}
    matchers:
      - {type: word, words: [FLAG]}
""", [('', '', '/item?id=l2')]),
    ("cookie", r"""
http:
  - raw:
      - |
        POST /login HTTP/1.1
        Host: {{Hostname}}
        Content-Type: application/x-www-form-urlencoded

        user={{user}}&pass={{pass}}
      - |
        GET /private HTTP/1.1
        Host: {{Hostname}}

    attack: pitchfork
    payloads:
      user: [root, admin]
      pass: [toor, secret]
    matchers-condition: and
    matchers:
      - {type: word, part: body_2, words: ['secret area']}
      - {type: dsl, dsl: ['status_code_1 == 200 && sid_1 == "s3ss"']}
""", [('', '', '/private')]),
    ("neg-and", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/json", "{{BaseURL}}/none"]
    matchers-condition: and
    matchers:
      - {type: word, words: ['nothing here'], negative: true}
      - {type: status, status: [404, 500], negative: true}
""", [('', '', '/json')]),
    ("neg-missing-part", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/json"]
    matchers:
      - {type: word, part: nosuchpart, words: ['x'], negative: true}
""", []),
    ("neg-or-name", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/none"]
    matchers:
      - {type: word, name: a, words: ['zzz'], negative: true}
      - {type: status, name: b, status: [404]}
""", [('a', '', '/none'), ('b', '', '/none')]),
    ("allheaders", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/json"]
    matchers-condition: and
    matchers:
      - {type: word, part: all_headers, words: ['X-Req-Id: r-7']}
      - {type: word, part: header, words: ['X-Multi: one']}
      - {type: word, part: x_req_id, words: ['r-7']}
      - {type: word, part: response, words: ["\r\n\r\n{"]}
      - {type: word, part: request, words: ['GET /json HTTP/1.1']}
""", [('', '', '/json')]),
    ("redir-max", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/redir/5"]
    redirects: true
    max-redirects: 2
    matchers:
      - {type: dsl, dsl: ['status_code == 302 && x_hop == "3"']}
""", [('', '', '/redir/3')]),
    ("redir-all", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/redir/2"]
    redirects: true
    matchers:
      - {type: dsl, dsl: ['status_code == 302']}
      - {type: word, name: end, words: ['end of chain']}
""", [('', '', '/redir/1'), ('', '', '/redir/2'), ('end', '', '/redir/0')]),
    ("redir-off", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/offsite"]
    host-redirects: true
    max-redirects: 3
    matchers: [{type: status, status: [302]}]
""", [('', '', '/offsite')]),
    ("varchain", r"""
variables:
  a: "{{to_lower('ABC')}}"
  b: "{{a}}-{{len(a)}}"
  c: "{{base64(b)}}"
http:
  - method: GET
    path: ["{{BaseURL}}/echo?q={{c}}"]
    matchers: [{type: word, words: ['q=YWJjLTM=']}]
""", [('', '', '/echo?q=YWJjLTM=')]),
    ("helpers-everywhere", r"""
variables:
  num: "42"
http:
  - method: POST
    path: ["{{BaseURL}}/echo?h={{md5(num)}}"]
    headers:
      X-H: "{{url_encode('a b&c')}}"
      "X-Z": "{{concat(num,'-',to_upper('x'))}}"
    body: "{{base64('{{num}}')}}|{{hex_encode(num)}}"
    matchers-condition: and
    matchers:
      - {type: word, condition: and, words: ['X-H: a%20b%26c', 'X-Z: 42-X', 'NDI=|3432']}
      - {type: word, words: ['h=a1d0c6e83f027327d8461063f4ac58a6']}
""", [('', '', '/echo?h=a1d0c6e83f027327d8461063f4ac58a6')]),
    ("spm-payload", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/item?id={{p}}"]
    payloads: {p: [x, l2, l3, l4]}
    stop-at-first-match: true
    threads: 1
    matchers: [{type: word, words: [FLAG]}]
""", [('', '', '/item?id=l2')]),
    ("payload-helper", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/item?id={{p}}"]
    payloads: {p: ["{{to_lower('L2')}}", "zz"]}
    matchers: [{type: word, words: [FLAG]}]
""", [('', '', '/item?id=l2')]),
    ("payload-in-matcher", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/item?id={{p}}"]
    payloads: {p: [q1, q2]}
    matchers: [{type: word, words: ['item {{p}}']}]
""", [('', '', '/item?id=q1'), ('', '', '/item?id=q2')]),
    ("payload-dsl", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/item?id={{p}}"]
    payloads: {p: [q1, q2]}
    matchers: [{type: dsl, dsl: ['contains(body, p) && p == "q2"']}]
""", [('', '', '/item?id=q2')]),
    ("clusterbomb3", r"""
http:
  - raw:
      - |
        GET /item?id={{a}}{{b}}{{c}} HTTP/1.1
        Host: {{Hostname}}

    attack: clusterbomb
    payloads: {a: [l, m], b: ['2', '3'], c: ['', x]}
    matchers: [{type: word, words: [FLAG]}]
""", [('', '', '/item?id=l2')]),
    ("unsafe1", r"""
http:
  - raw:
      - |+
        GET /echo?x=<>{}|\^ HTTP/1.1
        Host: {{Hostname}}
        X-Dup: 1
        X-Dup: 2
        Connection: close

    unsafe: true
    matchers: [{type: word, words: ["x=<>{}|\\^", "X-Dup: 1", "X-Dup: 2"], condition: and}]
""", [('', '', '/echo?x=<>{}|\\^')]),
    ("raw-body", r"""
http:
  - raw:
      - |
        POST /echo HTTP/1.1
        Host: {{Hostname}}
        Content-Length: 3
        X-Lower: y

        line1
        line2
    matchers: [{type: regex, regex: ["Content-Length: 12[\\s\\S]*line1\r\nline2$"]}]
""", [('', '', '/echo')]),
    ("flow-cond", r"""
flow: |
  http(1);
  if (template.tok == "tok-42") { http(2) } else { http(3) }
http:
  - method: GET
    path: ["{{BaseURL}}/json"]
    extractors: [{type: json, name: tok, internal: true, json: ['.token']}]
  - method: GET
    path: ["{{BaseURL}}/item?id={{tok}}"]
    matchers: [{type: word, name: yes, words: ['item tok-42']}]
  - method: GET
    path: ["{{BaseURL}}/html"]
    matchers: [{type: word, name: no, words: [Hi]}]
""", [('yes', '', '/item?id=tok-42')]),
    ("flow-fields", r"""
flow: |
  http("first");
  if (template["first_status_code"] == 200 && template.first_body.includes("tok")) http("second");
http:
  - id: first
    method: GET
    path: ["{{BaseURL}}/json"]
  - id: second
    method: GET
    path: ["{{BaseURL}}/xml"]
    matchers: [{type: dsl, dsl: ['contains(first_body, "tok-42") && contains(body, "<r>")']}]
""", [('', '', '/xml')]),
    ("multiblock-field", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/json"]
    extractors: [{type: json, name: tok, internal: true, json: ['.token']}]
  - method: GET
    path: ["{{BaseURL}}/item?id={{tok}}"]
    matchers: [{type: dsl, dsl: ['contains(http_1_body, tok) && contains(body, "item tok-42")']}]
""", [('', '', '/item?id=tok-42')]),
    ("gzip", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/gz"]
    matchers-condition: and
    matchers:
      - {type: word, words: ['compressed hello']}
      - {type: dsl, dsl: ['content_length == 16']}
""", [('', '', '/gz')]),
    ("wordhex", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/bin"]
    matchers: [{type: word, encoding: hex, words: ['504b0304']}]
""", [('', '', '/bin')]),
    ("matchall", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/html"]
    matchers: [{type: regex, name: ra, match-all: true, regex: ['<a', '<form', 'nope']}]
""", [('ra', '', '/html')]),
    ("basic", r"""
http:
  - raw:
      - |
        GET /basic HTTP/1.1
        Host: {{Hostname}}
        Authorization: Basic {{base64(username + ':' + password)}}

    attack: clusterbomb
    payloads: {username: [root, admin], password: [admin, x]}
    matchers: [{type: status, status: [200]}]
    extractors: [{type: dsl, dsl: [username, password]}]
""", [('', '', '/basic', 'admin')]),
    ("match-and-extract", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/json"]
    matchers: [{type: word, name: m1, words: [ann]}, {type: word, name: m2, words: [bob]}]
    extractors: [{type: regex, name: ex1, regex: ['tok-\d+']}]
""", [('m1', '', '/json', 'tok-42'), ('m2', '', '/json', 'tok-42')]),
    ("unresolved", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/echo?x={{nothere}}"]
    matchers: [{type: status, status: [200]}]
""", []),
    ("skipvars", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/echo?x={{nothere}}"]
    skip-variables-check: true
    matchers: [{type: word, words: ['x={{nothere}}']}]
""", [('', '', '/echo?x={{nothere}}')]),
    ("race", r"""
http:
  - raw:
      - |
        GET /race HTTP/1.1
        Host: {{Hostname}}

    race: true
    race_count: 3
    matchers: [{type: word, words: ['racer 3']}]
""", [('', '', '/race')]),
    ("port", r"""
http:
  - method: GET
    path: ["{{RootURL}}/echo", "http://{{Host}}:{{Port}}/json"]
    matchers: [{type: status, status: [200]}]
""", [('', '', '/echo'), ('', '', '/json')]),
    ("headers-override", r"""
http:
  - raw:
      - |
        GET /echo HTTP/1.1
        Host: {{Hostname}}
        X-A: raw

    headers: {X-A: block, X-B: "{{Host}}"}
    matchers: [{type: word, condition: and, words: ['X-A: block', 'X-B: 127.0.0.1']}]
""", [('', '', '/echo')]),
    ("dsl-or-err", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/json"]
    matchers:
      - {type: dsl, dsl: ['nope == 1', 'status_code == 200']}
      - {type: dsl, name: an, condition: and, dsl: ['status_code == 200', 'nope == 1']}
""", [('', '', '/json')]),
    ("dsl-nonbool", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/json"]
    matchers:
      - {type: dsl, name: a, condition: and, dsl: ['len(body)', 'status_code == 200']}
      - {type: dsl, name: b, condition: and, dsl: ['status_code == 200', 'len(body)']}
""", [('a', '', '/json')]),
    ("cookie-part", r"""
http:
  - method: POST
    path: ["{{BaseURL}}/login"]
    body: "user=admin&pass=secret"
    matchers-condition: and
    matchers:
      - {type: word, part: set_cookie, words: ['sid=s3ss']}
      - {type: dsl, dsl: ['sid == "s3ss" && role == "adm"']}
""", [('', '', '/login')]),
    ("query-group", r"""
http:
  - method: GET
    path: ["{{BaseURL}}/echo?a=1&b=&a=2"]
    matchers: [{type: word, name: x, words: ["/echo?a=1&a=2&b\n"]}]
""", [('x', '', '/echo?a=1&a=2&b')]),
]

STEP = {
    "tech": """http:
  - path: ["{{BaseURL}}/json"]
    matchers:
      - {type: word, name: Ann, words: [ann]}
      - {type: word, name: bob, words: [bob]}
      - {type: word, name: zed, words: [zed]}
""",
    "login": """http:
  - {method: POST, path: ["{{BaseURL}}/login"], body: user=admin&pass=secret,
     matchers: [{type: word, words: [welcome]}]}
""",
    "private": """http:
  - {path: ["{{BaseURL}}/private"], matchers: [{type: word, words: ['secret area']}]}
""",
    "token": """http:
  - {path: ["{{BaseURL}}/json"], extractors: [{type: json, name: token, json: ['.token']}]}
""",
    "names": """http:
  - {path: ["{{BaseURL}}/json"], extractors: [{type: json, name: who, json: ['.users[].name']}]}
""",
    "use-token": """http:
  - {path: ["{{BaseURL}}/item?id={{token}}"], matchers: [{type: word, words: ['item tok-42']}]}
""",
    "use-tokens": """http:
  - {path: ["{{BaseURL}}/item?id={{token}}"], matchers: [{type: word, words: ['item [tok-42]']}]}
""",
    "use-names": """http:
  - {path: ["{{BaseURL}}/item?id={{who0}}-{{who1}}"],
     matchers: [{type: word, words: ['item ann-bob']}]}
""",
    "html": """http:
  - {path: ["{{BaseURL}}/html"], matchers: [{type: word, words: [Hi]}]}
""",
    "xml": """http:
  - {path: ["{{BaseURL}}/xml"], matchers: [{type: word, words: ['<r>']}]}
""",
    "never": """http:
  - {path: ["{{BaseURL}}/none"], matchers: [{type: status, status: [200]}]}
""",
    "inside": """http:
  - {path: ["{{BaseURL}}/json"], matchers: [{type: word, words: [ann], internal: true}]}
""",
}
HTML, XML = "subtemplates: [{template: html.yaml}]", "subtemplates: [{template: xml.yaml}]"
# The steps of a workflow, and the templates whose findings are told.
WORKFLOWS = [
    ("[{template: tech.yaml}, {template: never.yaml}]", ["tech", "tech"]),
    ("[{template: tech.yaml, subtemplates: [{template: html.yaml}, {template: xml.yaml}]}]",
     ["html", "xml"]),
    ("[{template: never.yaml, %s}]" % HTML, []),
    ("[{template: tech.yaml, matchers: [{name: ann, %s}, {name: zed, %s}]}]" % (HTML, XML),
     ["html"]),
    ("[{template: tech.yaml, matchers: [{name: [ann, bob], condition: and, %s},"
     " {name: [ann, zed], condition: and, %s}]}]" % (HTML, XML), ["html"]),
    ("[{template: tech.yaml, matchers: [{name: [zed, bob], %s}]}]" % HTML, ["html"]),
    ("[{template: login.yaml}, {template: private.yaml}]", ["login", "private"]),
    ("[{template: token.yaml, subtemplates: [{template: use-token.yaml}]}]", ["use-token"]),
    ("[{template: names.yaml, subtemplates: [{template: use-names.yaml}]}]", ["use-names"]),
    ("[{template: token.yaml, matchers: [{name: token,"
     " subtemplates: [{template: use-tokens.yaml}]}]}]", ["use-tokens"]),
    ("[{template: names.yaml, matchers: [{name: WHO, %s}]}]" % HTML, ["html"]),
    ("[{template: login.yaml, subtemplates: [{tags: private}]}]", ["private"]),
    ("[{template: tech.yaml, matchers: [{name: bob, subtemplates: [{template: login.yaml,"
     " subtemplates: [{template: private.yaml}, {template: token.yaml,"
     " subtemplates: [{template: use-token.yaml}]}]}]}]}]", ["private", "use-token"]),
    ("[{template: inside.yaml, %s}]" % HTML, ["html"]),
]


class TemplateMix(Case):
    def setUp(self):
        super().setUp()
        self.server = Server()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        (self.folder / "t").mkdir()

    def write_template(self, name, text):
        head = f"id: {name}\ninfo: {{name: {name}, author: us, severity: info, tags: {name}}}\n"
        return self.write(f"t/{name}.yaml", head + text)

    def scan(self, *arguments):
        url = f"http://127.0.0.1:{self.server.server_address[1]}"
        done = self.run_program("num8", "scan", "-q", "-u", url, "-ud", self.folder / "t", "-ni",
                                "--allow", "all", "-rl", 0, "--no-store", "-jsonl", *arguments)
        self.assertIn(done.returncode, (0, 4), done.stderr)
        return records(done.stdout)

    def test_each_template_finds_what_it_is_made_for(self):
        for name, blocks, _ in TEMPLATES:
            self.write_template(name, blocks.lstrip("\n"))
        found = {}
        for one in self.scan("-t", self.folder / "t"):
            place = re.sub(r"^https?://[^/]+", "", one["matched-at"])
            found.setdefault(one["template-id"], []).append(
                (one.get("matcher-name", ""), one.get("extractor-name", ""), place,
                 *sorted(one.get("extracted-results") or [])))
        for name, _, expected in TEMPLATES:
            with self.subTest(name):
                self.assertEqual(sorted(found.get(name, [])), expected)

    def test_a_workflow_runs_what_its_steps_lead_to(self):
        for name, blocks in STEP.items():
            self.write_template(name, blocks)
        for number, (steps, expected) in enumerate(WORKFLOWS):
            with self.subTest(steps):
                head = f"id: flow-{number}\ninfo: {{name: f, author: us, severity: info}}\n"
                path = self.write(f"flow-{number}.yaml", f"{head}workflows: {steps}\n")
                told = [one["template-id"] for one in self.scan("-w", path)]
                self.assertEqual(sorted(told), expected)


if __name__ == "__main__":
    unittest.main()
