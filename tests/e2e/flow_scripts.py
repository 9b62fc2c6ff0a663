"""Flow scripts of templates, run by JavaScriptCore, through `num8 scan` to a server on loopback."""
import http.server
import threading
import unittest

from support import Case, records

HEAD = """id: %s
info: {name: flow script, author: m8, severity: info}
flow: |
%s
http:
"""
# The links of a page, and a page that is there or not.
LINKS = """
  - method: GET
    path: ['{{BaseURL}}/links']
    extractors:
      - {type: regex, name: links, internal: true, group: 1, regex: ['href=([a-z/]+)']}
"""
PAGE = """
  - method: GET
    path: ['{{BaseURL}}{{page}}']
    matchers:
      - {type: word, words: [secret]}
"""
NUMBERS = """
  - method: GET
    path: ['{{BaseURL}}/numbers']
    matchers:
      - {type: status, status: [200], internal: true}
    extractors:
      - {type: regex, name: number, internal: true, group: 1, regex: ['n=([0-9,]+)']}
"""
PAGES = {"/links": "<a href=/a><a href=/b/secret><a href=/c>", "/a": "nothing",
         "/b/secret": "a secret", "/c": "secret, too", "/numbers": "n=10,255",
         "/x0aff": "the secret"}


class Pages(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append(self.path)
        body = PAGES.get(self.path, "").encode()
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class FlowScripts(Case):
    def setUp(self):
        super().setUp()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
        self.server.asked = []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def scan(self, script, *blocks, name="flow-script", targets=None, arguments=()):
        """Where something was found, what was asked for, and what the program said."""
        indented = "\n".join("  " + line for line in script.splitlines())
        template = self.write(f"{name}.yaml", HEAD % (name, indented) + "".join(blocks))
        self.server.asked.clear()
        done = self.run_program("num8", "scan", "-v", "--jsonl", "--no-store", "--rate", 0,
                                "-t", template,
                                "-u", ",".join(targets or [self.url]), *arguments)
        found = sorted(one["matched-at"].removeprefix(self.url) for one in records(done.stdout))
        return found, self.server.asked[:], done

    def test_a_loop_over_extracted_values_sets_what_the_next_block_asks_for(self):
        found, asked, done = self.scan(
            "http(1)\n"
            "for (const link of iterate(template.links, null)) {\n"
            "  set('page', link)\n"
            "  log(`${link}: ${http(2)}`)\n"
            "}", LINKS, PAGE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(found, ["/b/secret", "/c"])
        self.assertEqual(asked, ["/links", "/a", "/b/secret", "/c"])
        for line in ("[JS] /a: false", "[JS] /b/secret: true", "[JS] /c: true"):
            self.assertIn(line, done.stderr)

    def test_values_are_computed_and_calls_tell_how_they_ended(self):
        found, asked, done = self.scan(
            "if (!http(1) || http(3)) { http(2) }\n"
            "const hex = template.number.match(/\\d+/g)\n"
            "  .map((n) => parseInt(n).toString(16).padStart(2, '0')).join('')\n"
            "set('page', '/x' + hex)\n"
            "http('3', 2)", NUMBERS, PAGE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(found, ["/x0aff"])
        self.assertEqual(asked, ["/numbers", "/x0aff"])
        self.assertIn("invalid request id '3' provided", done.stderr)

    def test_template_is_a_copy_with_the_fields_of_answers(self):
        found, _, done = self.scan(
            "http(1)\n"
            "template.number = '/c'\n"
            "log([typeof template.nosuch, template.number, template.http_1_status_code,\n"
            "     template['http_1_body'], template.user, 'number' in template])\n"
            "set('page', '/c'); log(typeof template.page); http(2); log(template.page)",
            NUMBERS, PAGE, arguments=("--var", "user=me"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(found, ["/c"])
        self.assertIn("[JS] [undefined 10,255 200 n=10,255 me true]", done.stderr)
        self.assertIn("[JS] undefined\n", done.stderr)
        self.assertIn("[JS] /c\n", done.stderr)

    def test_the_template_may_name_files_of_lines_too(self):
        self.write("words.txt", "/a\n\n/b/secret \n")
        self.write("more.txt", "/c\n")
        values = """variables:
  words: words.txt
  other: more.txt
  outside: /etc/passwd
  plain: no-such-file
constants:
  third: more.txt
  other: just a text
"""
        found, asked, done = self.scan(
            "for (const page of iterate(template.words, template.third)) {\n"
            "  set('page', page)\n"
            "  http(2)\n"
            "}\n"
            "log(`${template.outside} ${template.plain} ${template.other}`)",
            LINKS, PAGE + values)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(found, ["/b/secret", "/c"])
        self.assertEqual(asked, ["/a", "/b/secret", "/c"])
        self.assertIn("[JS] /etc/passwd no-such-file just a text", done.stderr)
        _, asked, _ = self.scan("for (const page of iterate(template.words)) {\n"
                                "  set('page', page)\n  http(2)\n}", LINKS, PAGE + values,
                                arguments=("--var", "words=/given"))
        self.assertEqual(asked, ["/given"])

    def test_a_variable_that_names_a_file_is_its_lines(self):
        pages = self.write("pages.txt", "/a\n\n/b/secret\r\n/c\n")
        found, asked, done = self.scan(
            "for (const page of iterate(template.pages)) { set('page', page); http(2) }\n"
            "log(template.other)",
            LINKS, PAGE, arguments=("--var", f"pages={pages}", "--var", "other=/no/such/file"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(found, ["/b/secret", "/c"])
        self.assertEqual(asked, ["/a", "/b/secret", "/c"])
        self.assertIn("[JS] /no/such/file", done.stderr)

    def test_an_exception_ends_the_flow_and_keeps_what_was_found(self):
        found, asked, done = self.scan("set('page', '/c')\nhttp(2)\nnothing()\nhttp(1)",
                                       LINKS, PAGE)
        self.assertEqual(found, ["/c"])
        self.assertEqual(asked, ["/c"])
        self.assertIn("[flow-script] failed to execute flow: line 3: ReferenceError", done.stderr)

    def test_a_script_that_does_not_end_is_ended(self):
        found, _, done = self.scan("set('page', '/c'); http(2); for (;;) {}", LINKS, PAGE)
        self.assertEqual(found, ["/c"])
        self.assertIn("failed to execute flow: script: the program took too long", done.stderr)

    def test_a_script_that_calls_for_ever_is_ended(self):
        found, asked, done = self.scan("for (;;) http('nosuch')", LINKS, PAGE)
        self.assertEqual((found, asked), ([], []))
        self.assertEqual(done.returncode, 0)

    def test_broken_javascript_makes_the_template_invalid(self):
        found, asked, done = self.scan("http(1)\nfor (const x of ) {}", LINKS)
        self.assertEqual((found, asked), ([], []))
        self.assertIn("could not compile flow: line 2: SyntaxError", done.stderr)

    def test_many_targets_at_once(self):
        targets = [f"{self.url}/{n}" for n in range(40)]
        script = "for (let i = 0; i < 3; i++) { set('page', '/../c'); http(2) }"
        found, asked, done = self.scan(script, LINKS, PAGE, targets=targets)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(asked), 120)
        self.assertEqual(len(found), 0)


if __name__ == "__main__":
    unittest.main()
