"""chromium.py - a person with a browser: opens an address, clicks, says what is shown then.

    chromium.py FOLDER ADDRESS ID TITLE...

A headless Chromium with a profile of its own in FOLDER, driven over WebDriver by chromedriver.  What has the
id ID is clicked; the page is waited for whose title is one of TITLEs, for 30 seconds.  Printed: its title, its text in
one line, "resources N" (what it loaded besides itself), "marked" (what a script left behind, if one ran), and
"elements" (all that it is made of).
"""
import json
import re
import subprocess
import sys
import time
import urllib.request

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
         "--no-proxy-server"]
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def call(url, body=None, method=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with OPENER.open(request, timeout=60) as answer:
        return json.load(answer)["value"]


def start_driver():
    driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
    for line in driver.stdout:
        found = re.search(r"started successfully on port (\d+)", line)
        if found:
            return driver, "http://127.0.0.1:" + found.group(1)
    sys.exit("chromedriver did not start")


def script(session, text):
    return call(session + "/execute/sync", {"script": text, "args": []})


def main(folder, address, click, titles):
    driver, url = start_driver()
    session = None
    try:
        options = {"args": FLAGS + ["--user-data-dir=" + folder]}
        made = call(url + "/session", {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}})
        session = url + "/session/" + made["sessionId"]
        call(session + "/url", {"url": address})
        found = call(session + "/element", {"using": "css selector", "value": "#" + click})
        call(session + "/element/" + list(found.values())[0] + "/click", {})
        end = time.monotonic() + 200
        while call(session + "/title") not in titles and time.monotonic() < end:
            time.sleep(0.05)
        print(call(session + "/title"))
        print(script(session, "return document.body.innerText").replace("\n", " "))
        print("resources", script(session, "return performance.getEntriesByType('resource')"
                                  ".filter(e => !e.name.endsWith('/favicon.ico')).length"))
        print("marked", script(session, "return String(window.marked)"))
        print("elements", script(session, "return [...document.querySelectorAll('*')].map(e => e.localName).join(' ')"))
    finally:
        if session is not None:
            call(session, method="DELETE")
        driver.terminate()
        driver.wait()


main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
