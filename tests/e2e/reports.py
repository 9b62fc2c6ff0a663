"""What num8 scan writes besides findings: reports, explanations, the audit, stored responses."""
import csv
import http.server
import io
import json
import re
import threading
import unittest

import sarif
from support import Case, records

TEMPLATE = """id: {id}
info:
  name: {id} found
  author: demo
  severity: {severity}
  description: A page that says {word}.
  classification:
    cwe-id: cwe-200
http:
  - method: GET
    path: ["{{{{BaseURL}}}}/{id}"]
    headers:
      Authorization: Basic c2VjcmV0OnNlY3JldA==
    matchers-condition: and
    matchers:
      - type: word
        words: [{word}]
      - type: status
        status: [200]
    extractors:
      - type: regex
        regex: ["page [a-z]+"]
"""


class Site(http.server.BaseHTTPRequestHandler):
    """Answers every path with its name."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = f"<p>page {self.path[1:]}</p>".encode()
        self.send_response(200)
        self.send_header("Set-Cookie", "sid=verysecret; Path=/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Reports(Case):
    def setUp(self):
        super().setUp()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.host = f"127.0.0.1:{self.server.server_port}"
        (self.folder / "t").mkdir()
        for name, severity, word in (("alpha", "high", "alpha"), ("beta", "info", "beta"),
                                     ("gamma", "low", "absent")):
            self.write(f"t/{name}.yaml", TEMPLATE.format(id=name, severity=severity, word=word))

    def scan(self, *arguments):
        return self.run_program("num8", "scan", "-u", f"http://{self.host}", "-t", "t", "-rl", 0,
                                "--no-store", *arguments)

    def test_exports_have_every_match_and_no_secret(self):
        done = self.scan("-je", "a.json", "-jle", "a.jsonl", "-se", "a.sarif", "-me", "md",
                         "-o", "lines", "--format", "csv")
        self.assertEqual(done.returncode, 0, done.stderr)
        array = json.loads((self.folder / "a.json").read_text())
        ids = sorted(event["template-id"] for event in array)
        self.assertEqual(ids, ["alpha", "beta"])
        lines = records((self.folder / "a.jsonl").read_text())
        self.assertEqual(sorted(event["template-id"] for event in lines), ids)
        for event in array:
            self.assertIn("Authorization: Basic ***\r\n", event["request"])
            self.assertIn("Set-Cookie: sid=***; Path=/", event["response"])
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        self.assertEqual(sorted(row["template_id"] for row in rows), ids)
        self.assertEqual(rows[0]["extracted_results"], "page " + rows[0]["template_id"])
        self.assertEqual((self.folder / "lines").read_bytes().decode().splitlines(),
                         done.stdout.splitlines())
        index = (self.folder / "md/index.md").read_text().splitlines()
        self.assertEqual(len(index), 4)
        names = [re.search(r"\]\((.*?)\)", line)[1] for line in index[2:]]
        for name in names:
            text = (self.folder / "md" / name).read_text()
            self.assertTrue(text.startswith("### "))
            self.assertNotIn("verysecret", text)
        self.check_sarif(json.loads((self.folder / "a.sarif").read_text()), ids)

    def check_sarif(self, log, ids):
        self.assertEqual(sarif.errors_of(log), [])
        self.assertEqual(log["version"], "2.1.0")
        self.assertTrue(log["$schema"].endswith("sarif-schema-2.1.0.json"))
        (run,) = log["runs"]
        driver = run["tool"]["driver"]
        self.assertIsInstance(driver["name"], str)
        rules = driver["rules"]
        self.assertEqual(sorted(rule["id"] for rule in rules), ids)
        self.assertEqual(len({rule["id"] for rule in rules}), len(rules))
        for rule in rules:
            for text in ("shortDescription", "fullDescription"):
                self.assertTrue(rule[text]["text"])
        (invocation,) = run["invocations"]
        self.assertIs(invocation["executionSuccessful"], True)
        self.assertIn("scan", invocation["arguments"])
        self.assertEqual(len(run["results"]), len(ids))
        for result in run["results"]:
            location = result["locations"][0]["physicalLocation"]["artifactLocation"]
            self.assertRegex(location["uri"], r"^/[!-~]*$")
        levels = {result["ruleId"]: result["level"] for result in run["results"]}
        self.assertEqual(levels, {"alpha": "error", "beta": "none"})

    def test_nothing_found_is_an_empty_array_and_no_sarif_file(self):
        done = self.scan("-id", "gamma", "-je", "a.json", "-se", "a.sarif")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.folder / "a.json").read_text(), "[]\n")
        self.assertFalse((self.folder / "a.sarif").exists())

    def test_a_report_that_can_not_be_written_is_told_at_the_start(self):
        for flag in ("-je", "-jle", "-se", "-o", "--audit", "-me"):
            with self.subTest(flag=flag):
                done = self.scan(flag, "/dev/null/none", "-silent")
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertEqual(done.stdout, "")
                self.assertIn("/dev/null/none", done.stderr)

    def test_a_full_disk_is_a_failure(self):
        for flag in ("-je", "-jle", "-se", "-o", "--audit"):
            with self.subTest(flag=flag):
                done = self.scan(flag, "/dev/full")
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn("no space left", done.stderr)

    def test_explain_says_why(self):
        done = self.scan("-id", "gamma", "--explain")
        self.assertEqual(done.returncode, 0, done.stderr)
        for line in ("[gamma] http http://" + self.host + "/gamma",
                     "  > GET /gamma HTTP/1.1", "  > Authorization: Basic ***",
                     "  < HTTP/1.1 200 OK", "  < <p>page gamma</p>",
                     "  matcher 1: word on body (17 bytes): does not match",
                     "    - absent", "  matcher 2: status: matches", "    + 200: 200",
                     "  matchers-condition: and", "  => no result", "    = page gamma"):
            self.assertIn(line, done.stdout.splitlines())
        done = self.scan("-id", "alpha", "--explain")
        self.assertIn("    + alpha at 8", done.stdout.splitlines())
        self.assertIn("  => finding [alpha]", done.stdout.splitlines())
        done = self.scan("--explain")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--explain is for one template: 3 are selected", done.stderr)

    def test_explain_says_that_there_was_no_answer(self):
        self.server.shutdown()
        self.server.server_close()
        done = self.scan("-id", "alpha", "--explain")
        self.assertIn("  no answer: ", done.stdout)

    def test_the_audit_has_a_line_for_each_request(self):
        for _ in range(2):
            done = self.scan("--audit", "log", "-H", "X-Api-Key: topsecret1", "-j")
            self.assertEqual(done.returncode, 0, done.stderr)
        lines = records((self.folder / "log").read_text())
        self.assertEqual(len(lines), 6)
        self.assertEqual(sorted({line["template"] for line in lines}), ["alpha", "beta", "gamma"])
        for line in lines:
            self.assertEqual(line["target"], f"http://{self.host}")
            self.assertEqual(line["address"], self.host)
            self.assertEqual((line["method"], line["status"]), ("GET", 200))
            self.assertEqual(line["url"], f"http://{self.host}/{line['template']}")
            self.assertGreater(line["bytes_out"], 50)
        self.assertNotIn("topsecret1", done.stdout)

    def audit_of_shared(self, count):
        """Lines of an audit of `count` templates that all send the same request."""
        folder = self.folder / f"shared{count}"
        folder.mkdir()
        for i in range(count):
            text = TEMPLATE.format(id=f"same-{i:02}", severity="low", word="alpha")
            text = re.sub(r"path: .*", 'path: ["{{BaseURL}}/alpha"]', text)
            (folder / f"same-{i:02}.yaml").write_text(text)
        log = self.folder / f"audit{count}"
        done = self.run_program("num8", "scan", "-u", f"http://{self.host},http://{self.host}/b",
                                "-t", folder, "-rl", 0, "--no-store", "-j", "--audit", log)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(records(done.stdout)), 2 * count)
        return records(log.read_text()), sorted(path.stem for path in folder.iterdir())

    def test_the_audit_names_all_templates_that_share_a_request(self):
        lines, ids = self.audit_of_shared(16)
        self.assertEqual(len(lines), 2)
        for line in lines:
            self.assertEqual(sorted(line["templates"]), ids)
            self.assertEqual(line["templates"][0], line["template"])

    def test_a_step_of_a_workflow_is_no_member_of_its_group(self):
        for name in ("one", "two"):
            text = TEMPLATE.format(id=name, severity="low", word="alpha")
            self.write(f"t/{name}.yaml", re.sub(r"path: .*", 'path: ["{{BaseURL}}/alpha"]', text))
        steps = "".join(f"  - template: t/{name}.yaml\n" for name in ("one", "two"))
        self.write("w.yaml", "id: w\ninfo: {name: w, author: a, severity: info}\nworkflows:\n" + steps)
        done = self.scan("-id", "one,two,w", "-w", "w.yaml", "--audit", "log", "-j")
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = records((self.folder / "log").read_text())
        told = sorted((line["template"], line.get("templates", [])) for line in lines)
        self.assertEqual(told, [("one", []), ("one", ["one", "two"]), ("two", [])])

    def test_the_audit_has_the_list_of_a_large_group_once(self):
        lines, ids = self.audit_of_shared(17)
        listed, requests = lines[0], lines[1:]
        self.assertEqual(sorted(listed["templates"]), ids)
        self.assertNotIn("url", listed)
        self.assertEqual(len(requests), 2)
        for line in requests:
            self.assertEqual((line["group"], line["templates_count"]), (listed["group"], 17))
            self.assertIn(line["template"], ids)
            self.assertNotIn("templates", line)

    def test_responses_are_stored_and_dumped_without_secrets(self):
        done = self.scan("-srd", "kept", "-debug", "-id", "alpha", "-silent")
        self.assertEqual(done.returncode, 0, done.stderr)
        name = self.host.replace(".", "_") + "_alpha.txt"
        for text in ((self.folder / "kept/http" / name).read_text(), done.stderr):
            self.assertIn(f"[alpha] Dumped HTTP request for http://{self.host}/alpha", text)
            self.assertIn("Authorization: Basic ***", text)
            self.assertIn("<p>page alpha</p>", text)
            self.assertNotIn("verysecret", text)
        done = self.scan("-dresp", "-id", "alpha", "--no-redact")
        self.assertIn("verysecret", done.stderr)
        self.assertNotIn("Dumped HTTP request", done.stderr)

    def test_matcher_status_tells_of_failures(self):
        done = self.scan("-ms", "-j", "-or", "--summary", "sum")
        events = {event["template-id"]: event for event in records(done.stdout)}
        self.assertEqual({name: event["matcher-status"] for name, event in events.items()},
                         {"alpha": True, "beta": True, "gamma": False})
        self.assertNotIn("request", events["gamma"])
        self.assertEqual(json.loads((self.folder / "sum").read_text())["counts"]["findings"], 2)
        done = self.scan("-ms", "-nc", "-id", "gamma")
        self.assertEqual(done.stdout, f"[gamma] [failed] [http] [low] http://{self.host}/gamma\n")
        self.server.shutdown()
        self.server.server_close()
        done = self.scan("-ms", "-j", "-c", "1")
        events = records(done.stdout)
        self.assertEqual(len(events), 3)
        self.assertTrue(all(event["error"] for event in events))
        self.assertIn("host was skipped as it was found unresponsive",
                      [event["error"] for event in events])

    def test_statistics_are_exact_at_the_end(self):
        done = self.scan("-stats", "-si", "1")
        last = [line for line in done.stderr.splitlines() if "| Templates:" in line][-1]
        self.assertRegex(last, r"^\[0:00:\d\d\] \| Templates: 3 \| Hosts: 1 \| RPS: \d+ \| "
                               r"Matched: 2 \| Errors: 0 \| Requests: 3/3 \(100%\)$")
        done = self.scan("-stats", "-j")
        last = json.loads([line for line in done.stderr.splitlines() if line[:1] == "{"][-1])
        self.assertEqual(list(last), ["duration", "errors", "hosts", "matched", "percent",
                                      "requests", "rps", "startedAt", "templates", "total"])
        self.assertEqual((last["requests"], last["total"], last["percent"]), ("3", "3", "100"))

    def test_logins_go_to_their_domains(self):
        self.write("secrets.yaml", "static:\n  - type: cookie\n    domains: [127.0.0.1]\n"
                                   "    cookies: [{key: login, value: hush-hush}]\n")
        done = self.scan("-sf", "secrets.yaml", "-id", "alpha", "-dreq", "--no-redact")
        self.assertIn("Cookie: login=hush-hush", done.stderr)
        done = self.scan("-sf", "secrets.yaml", "-id", "alpha", "-dreq")
        self.assertIn("Cookie: login=***", done.stderr)

    def test_a_profile_is_below_the_command_line(self):
        (self.folder / "t/profiles").mkdir()
        self.write("t/profiles/quiet.yml", "severity: [info]\ncode: true\nomit-raw: true\n")
        done = self.scan("-ud", "t", "-tp", "quiet", "-j")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([event["template-id"] for event in records(done.stdout)], ["beta"])
        self.assertIn("code is not supported", done.stderr)
        done = self.scan("-ud", "t", "-tp", "quiet", "-s", "high", "-j")
        self.assertEqual([event["template-id"] for event in records(done.stdout)], ["alpha"])
        done = self.scan("-ud", "t", "-tp", "loud")
        self.assertEqual(done.returncode, 2)
        self.assertIn("'loud' is not a profile-id or profile path", done.stderr)

    def test_new_templates_are_those_of_the_release(self):
        self.write("t/.new-additions", "beta.yaml\n")
        done = self.run_program("num8", "scan", "-u", f"http://{self.host}", "-ud", "t", "-nt",
                                "-rl", 0, "--no-store", "-j")
        self.assertEqual([event["template-id"] for event in records(done.stdout)], ["beta"])

    def test_the_plan_names_what_is_refused(self):
        self.write("scope", "127.0.0.1\n")
        done = self.scan("--dry-run", "-u", "http://127.0.0.2/", "--scope", "scope", "-rl", "5",
                         "-v")
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        for line in ("targets\t1", "templates\t3", "rate\t5/s", "requests, at most\t3",
                     "refused\thttp://127.0.0.2/\toutside the scope"):
            self.assertIn(line, lines)
        self.assertEqual(len([line for line in lines if line.startswith("template\t")]), 3)


if __name__ == "__main__":
    unittest.main()
