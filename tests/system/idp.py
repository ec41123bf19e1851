#!/usr/bin/env python3
"""idp.py - a fake identity provider on the loopback.

    idp.py serve FOLDER [CERT KEY]  FOLDER/port, FOLDER/valid (what upstream --tokens reads);
                                    IDP_WANTED=PORT of the environment: at the one it had before
    idp.py set PORT KEY=VALUE ...   how it behaves from now on
    idp.py get PORT KEY             a number, or a text, of what it saw
    idp.py key FILE PORT            a service account's key file for it

What can be set: life (seconds said and real), said (said only), rotate (1: each refresh gives a new refresh token and
the old one dies when the new one is first used), error, description, status, retry-after, first (how often
`error` and `status` hold), delay (seconds before a token answer), refresh (0: none in answers), body (raw),
blind (1: the mail server does not hear of new tokens), pending, slow (device code: how often those come first), code_life
(how long it is good), offer (1: a token of 2,400 letters), refresh_life
(the consent has an end), ask (1: a page to click on before the redirect).
Seen: refreshes, grants, credentials, assertions, devices, posts, gets, refused, last-form.
"""
import base64
import hashlib
import html
import json
import os
import secrets
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOCK = threading.Lock()
SET = {"life": "3600", "rotate": "0", "first": "0", "delay": "0", "refresh": "1", "offer": "0", "blind": "0",
       "pending": "0", "slow": "0", "code_life": "60"}
SEEN = {k: 0 for k in ("refreshes", "grants", "credentials", "assertions", "devices", "posts", "gets", "refused")}
CODES = {}       # code: (challenge, redirect, client)
REFRESH = {}     # refresh token: its successor, or None
DEVICE = {}
VALID = {}
FOLDER = None


def wait_out(delay):
    """Until then, or until it is set to less: who waits for something of the daemon's meanwhile lets it go on."""
    end = time.monotonic() + delay
    while time.monotonic() < end and float(SET["delay"]) >= delay:
        time.sleep(0.02)


def write_valid():
    path = os.path.join(FOLDER, "valid")
    with open(path + ".new", "w", encoding="ascii") as f:
        for token, until in VALID.items():
            f.write("%s %d\n" % (token, until))
    os.rename(path + ".new", path)


def access_token():
    token = "at-" + secrets.token_urlsafe(24)
    if SET["offer"] == "1":
        token += "x" * 2400
    if SET["blind"] == "1":
        return token
    VALID[token] = int(time.time() + float(SET["life"]))
    write_valid()
    return token


def new_refresh():
    token = "rt-" + secrets.token_urlsafe(24)
    REFRESH[token] = None
    return token


def tokens(refresh):
    answer = {"access_token": access_token(), "token_type": "Bearer",
              "expires_in": int(SET.get("said", SET["life"])), "scope": "mail offline_access"}
    if refresh is not None and SET["refresh"] == "1":
        answer["refresh_token"] = refresh
    if "refresh_life" in SET:
        answer["refresh_token_expires_in"] = int(SET["refresh_life"])
    return 200, answer


def failure(error, description="", status=400):
    SEEN["refused"] += 1
    return status, {"error": error, "error_description": description}


def planned():
    """What `set` wants instead of an honest answer."""
    if "error" not in SET and "status" not in SET and "body" not in SET:
        return None
    if SET["first"] != "0":
        SET["first"] = str(int(SET["first"]) - 1)
        if SET["first"] == "0":
            answer = make_plan()
            for k in ("error", "status", "body", "description", "retry-after"):
                SET.pop(k, None)
            return answer
    return make_plan()


def make_plan():
    SEEN["refused"] += 1
    body = SET.get("body")
    if body is None and "error" in SET:
        body = json.dumps({"error": SET["error"], "error_description": SET.get("description", "")})
    headers = {"Retry-After": SET["retry-after"]} if "retry-after" in SET else {}
    return int(SET.get("status", "400")), body or "", headers


def by_refresh(form):
    token = form.get("refresh_token", "")
    if token not in REFRESH:
        return failure("invalid_grant", "Token has been expired or revoked.")
    SEEN["refreshes"] += 1
    # Whoever uses a token has got it: now those before it are dead.
    for old in [t for t, successor in REFRESH.items() if successor == token]:
        del REFRESH[old]
    if SET["rotate"] == "1":
        REFRESH[token] = new_refresh()
        return tokens(REFRESH[token])
    return tokens(None)


def by_code(form):
    known = CODES.pop(form.get("code", ""), None)
    verifier = form.get("code_verifier", "")
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    if known is None or known != (challenge, form.get("redirect_uri"), form.get("client_id")):
        return failure("invalid_grant", "the code, its verifier or its redirect is wrong")
    SEEN["grants"] += 1
    return tokens(new_refresh())


def by_assertion(form):
    parts = form.get("assertion", "").split(".")
    pad = lambda s: base64.urlsafe_b64decode(s + "=" * (-len(s) % 4))
    head, claims = json.loads(pad(parts[0])), json.loads(pad(parts[1]))
    files = [os.path.join(FOLDER, n) for n in ("signed", "signature", "public.pem")]
    with open(files[0], "wb") as f:
        f.write(".".join(parts[:2]).encode())
    with open(files[1], "wb") as f:
        f.write(pad(parts[2]))
    good = subprocess.run(["openssl", "dgst", "-sha256", "-verify", files[2], "-signature", files[1], files[0]],
                          stdout=subprocess.DEVNULL, check=False).returncode == 0
    if not good or head.get("alg") != "RS256" or head.get("kid") != "key-1":
        return failure("invalid_grant", "Invalid JWT Signature.")
    if not claims["exp"] - claims["iat"] <= 3600 or abs(claims["iat"] - time.time()) > 300:
        return failure("invalid_grant", "Invalid JWT: check your iat and exp values")
    if claims.get("sub") != "box@example.com" or claims.get("scope") != "mail" or not claims["aud"].endswith("/token"):
        return failure("unauthorized_client", "Client is unauthorized to retrieve access tokens using this method")
    SEEN["assertions"] += 1
    return tokens(None)


def by_device(form):
    if form.get("device_code") not in DEVICE:
        return failure("expired_token")
    for error, key in (("slow_down", "slow"), ("authorization_pending", "pending")):
        if SET[key] != "0":
            SET[key] = str(int(SET[key]) - 1)
            return failure(error)
    del DEVICE[form["device_code"]]
    SEEN["devices"] += 1
    return tokens(new_refresh())


def by_credentials(form):
    if form.get("client_secret") != "client-secret-word" or form.get("scope") != "app/.default":
        return failure("invalid_client", "AADSTS7000215: Invalid client secret provided.", 401)
    SEEN["credentials"] += 1
    return tokens(None)


GRANTS = {"refresh_token": by_refresh, "authorization_code": by_code, "client_credentials": by_credentials,
          "urn:ietf:params:oauth:grant-type:jwt-bearer": by_assertion,
          "urn:ietf:params:oauth:grant-type:device_code": by_device}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def say(self, status, body, headers=None):
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        try:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def say_page(self, links):
        data = ("<!doctype html><title>Consent</title><p>Send mail as you?</p>" + links).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def base(self):
        return "http%s://127.0.0.1:%d" % ("s" if self.server.secure else "", self.server.server_address[1])

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path == "/get":
            with LOCK:
                self.say(200, str(SEEN.get(query["key"], SET.get(query["key"], ""))))
        elif url.path == "/.well-known/openid-configuration":
            SEEN["gets"] += 1
            self.say(200, {"issuer": SET.get("issuer", self.base()), "authorization_endpoint": self.base() + "/authorize",
                           "token_endpoint": self.base() + "/token",
                           "device_authorization_endpoint": self.base() + "/device"})
        elif url.path == "/authorize" and SET.get("ask") == "1" and "choice" not in query:
            self.say_page("".join('<a id=%s href="%s&amp;choice=%s">%s</a> ' % (c, html.escape(self.path), c, c)
                                  for c in ("agree", "refuse")))
        elif url.path == "/authorize":
            back = {"state": query.get("state", "")}
            if "error" in SET or query.get("choice") == "refuse":
                back["error"] = SET.get("error", "access_denied")
                back["error_description"] = SET.get("description", "The user refused.")
            else:
                back["code"] = secrets.token_urlsafe(16)
                CODES[back["code"]] = (query["code_challenge"], query["redirect_uri"], query["client_id"])
            self.say(302, "", {"Location": query["redirect_uri"] + "/?" + urllib.parse.urlencode(back)})
        else:
            self.say(404, "{}")

    def do_POST(self):
        data = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        form = dict(urllib.parse.parse_qsl(data))
        if self.path == "/set":
            with LOCK:
                for key, value in form.items():
                    SET[key] = value
                    if value == "-":
                        del SET[key]
            self.say(200, "ok")
            return
        with LOCK:
            SEEN["posts"] += 1
            SEEN["last-form"] = " ".join(sorted(form))
            delay = float(SET["delay"])
        wait_out(delay)
        with LOCK:
            plan = planned()
            if plan is not None:
                self.say(*plan)
            elif self.path == "/device":
                code = secrets.token_urlsafe(16)
                DEVICE[code] = True
                self.say(200, {"device_code": code, "user_code": "WDJB-MJHT", "interval": 1,
                               "expires_in": int(SET["code_life"]), "verification_uri": self.base() + "/activate"})
            elif self.path == "/token" and form.get("grant_type") in GRANTS:
                self.say(*GRANTS[form["grant_type"]](form))
            else:
                self.say(*failure("unsupported_grant_type"))


def serve(folder, cert=None, key=None):
    global FOLDER
    FOLDER = folder
    write_valid()
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("IDP_WANTED", "0"))), Handler)
    server.secure = cert is not None
    server.daemon_threads = True
    if server.secure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    with open(os.path.join(folder, "port.new"), "w", encoding="ascii") as f:
        f.write(str(server.server_address[1]))
    os.rename(os.path.join(folder, "port.new"), os.path.join(folder, "port"))
    server.serve_forever()


def opener():
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def main(argv):
    if argv[0] == "serve":
        serve(*argv[1:])
    elif argv[0] == "set":
        form = dict(pair.split("=", 1) for pair in argv[2:])
        opener().open("http://127.0.0.1:%s/set" % argv[1], urllib.parse.urlencode(form).encode())
    elif argv[0] == "get":
        print(opener().open("http://127.0.0.1:%s/get?key=%s" % (argv[1], argv[2])).read().decode())
    elif argv[0] == "visit":        # a browser: goes where it is sent, prints what it is shown
        print(opener().open(urllib.parse.unquote(argv[1])).read().decode())
    elif argv[0] == "redirected":   # a browser elsewhere: where it would be sent
        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *args):
                return None
        try:
            urllib.request.build_opener(urllib.request.ProxyHandler({}), Stay).open(urllib.parse.unquote(argv[1]))
        except urllib.error.HTTPError as e:
            print(e.headers["Location"])
    elif argv[0] == "key":
        with open(argv[2], encoding="ascii") as f:
            pem = f.read()
        with open(argv[1], "w", encoding="ascii") as f:
            json.dump({"type": "service_account", "client_email": "robot@project.example", "private_key_id": "key-1",
                       "private_key": pem, "token_uri": argv[3]}, f)


main(sys.argv[1:])
