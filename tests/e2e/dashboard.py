#!/usr/bin/env python3
"""The dashboard in a real browser: what it shows, by which keys, on a phone, and that nothing fails in it."""
import json
import unittest

import browser
import serve
from support import Lab, TEMPLATES

VIEWS = ("Overview", "Findings", "Hosts", "Scans and runs", "Resources", "Health and alerts")
TITLE = "document.querySelector('main h1')?.textContent"


@unittest.skipUnless(browser.installed(), "no headless browser")
class Dashboard(serve.Service):
    def page(self):
        return f"http://127.0.0.1:{self.port}/"

    def fill(self, lab):
        for program, arguments in (
                ("asmm8", ["enum", "-d", lab.zone, "-r", lab.dns, "-q", "--no-passive"]),
                ("num8", ["scan", "-q", "-u", f"www.{lab.zone}", *lab.scan_arguments()])):
            done = self.run_program(program, *arguments)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_every_view_shows_what_there_is_and_nothing_fails(self):
        with Lab() as lab:
            self.fill(lab)
            self.start("--scans", 0, "--public-read", "-t", TEMPLATES, "-r", lab.dns,
                       "--resolve-name", lab.zone)
            issues = self.json("GET", "/api/v1/issues?limit=1000")["items"]
            with browser.Browser() as tab:
                tab.go(self.page())
                tab.until(f"{TITLE} === 'Overview' && document.querySelector('#live.on') !== null")
                tab.until("document.querySelectorAll('main .feed li').length > 0")
                for number, view in enumerate(VIEWS, 1):
                    tab.press(str(number))
                    tab.until(f"{TITLE} === {json.dumps(view)}")
                tab.until("document.querySelectorAll('main table tr').length > 4")  # the checks
                tab.press("5")
                # As soon as there are two samples: an area and a line for each, and two second lines.
                tab.until("document.querySelectorAll('main svg.chart path.line').length >= 9")
                tab.press("2")
                tab.until("document.querySelectorAll('main tbody tr').length === "
                          f"{min(len(issues), 100)}")
                tab.value("document.querySelector('main tbody button, main tbody a').click()")
                tab.until("document.querySelector('#detail[open] pre') !== null")
                self.assertEqual(tab.complaints, [])

    def test_a_phone_has_no_need_to_scroll_sideways(self):
        with Lab() as lab:
            self.fill(lab)
            self.start("--scans", 0, "--public-read")
            with browser.Browser(width=390, height=840) as tab:
                tab.call("Emulation.setDeviceMetricsOverride", width=390, height=840,
                         deviceScaleFactor=2, mobile=True)
                tab.go(self.page())
                for number, view in enumerate(VIEWS, 1):
                    tab.until(f"document.querySelectorAll('#nav a').length === {len(VIEWS)}")
                    tab.press(str(number))
                    tab.until(f"{TITLE} === {json.dumps(view)}")
                    width = tab.until("document.documentElement.scrollWidth")
                    self.assertLessEqual(width, 390, view)
                self.assertEqual(tab.complaints, [])

    def test_a_scan_is_asked_for_with_a_token_and_seen_to_its_end(self):
        with Lab() as lab:
            self.start("-t", TEMPLATES, "-r", lab.dns, "--ports", lab.port, "--rate", 0, scope="scan")
            with browser.Browser() as tab:
                tab.go(self.page() + "#scans")
                tab.until("document.querySelector('#token-dialog').open")
                tab.value(f"document.querySelector('#token').value = {json.dumps(self.token)},"
                          "document.querySelector('#token-form button[type=submit]').click()")
                tab.until("document.querySelector('#s-targets') !== null")
                tab.complaints.clear()  # the browser itself tells of what was refused
                tab.value(f"document.querySelector('#s-targets').value = 'www.{lab.zone}',"
                          "document.querySelector('main form button[type=submit]').click()")
                self.assertIn("1 accepted", tab.until("document.querySelector('#toast').textContent"))
                done = "[...document.querySelectorAll('main tbody tr')].map((row) => row.innerText)"
                tab.until(f"{done}.some((text) => text.includes('www.{lab.zone}') && /done/i.test(text))")
                self.assertEqual(tab.complaints, [])


if __name__ == "__main__":
    unittest.main()
