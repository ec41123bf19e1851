#!/usr/bin/env python3
"""leaks.py WORDS KEPT BUILD PLACE... - where a secret stands that it should not.

WORDS and KEPT are files, a line each: the secrets; the files that are made to hold them, which then must be for
their owner, root's group or the daemon's alone.  Looked through: all of the places (folders whole; a core anywhere
in them is a find by itself), and the command lines and environments of our programs and of what they started.  A
secret is found plain, in percent encoding, and in base64 whatever stands before and behind it.  Prints a line for
each find, without the secret.
"""
import base64
import os
import pwd
import stat
import sys
import urllib.parse

PROGRAMS = {"posternd", "postern", "postern-oauth", "postern-resolve", "postern-stdio", "sendmail"}


def forms(word):
    yield "plain", word
    for quote in (urllib.parse.quote, urllib.parse.quote_plus):
        quoted = quote(word, safe="").encode()
        if quoted != word:
            yield "in percent encoding", quoted
            yield "in percent encoding", "".join(
                c if c[0] != "%" else c.lower() for c in split_percent(quoted.decode())).encode()
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + word)
        inner = whole[(0, 2, 3)[before]:len(word + b"\0" * before) // 3 * 4]
        yield "in base64", inner
        yield "in base64", inner.translate(bytes.maketrans(b"+/", b"-_"))


def split_percent(text):
    while text:
        n = 3 if text[0] == "%" else 1
        yield text[:n]
        text = text[n:]


def found_in(data, needles):
    return sorted({form for form, needle in needles if needle in data})


def our_groups():
    groups = {0, os.getegid()}
    for name in ("postern", "nobody"):
        try:
            groups.add(pwd.getpwnam(name).pw_gid)
        except KeyError:
            pass
    return groups


def processes(build):
    """Ours, and what came from them: (pid, name)."""
    parent, ours = {}, set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % pid, "rb") as f:
                parent[pid] = f.read().rsplit(b")", 1)[1].split()[1].decode()
            exe = os.readlink("/proc/%s/exe" % pid)
        except (OSError, IndexError):
            continue
        if os.path.dirname(exe) == build and os.path.basename(exe) in PROGRAMS:
            ours.add(pid)
    for pid in parent:
        at = pid
        while at in parent and at not in ours:
            at = parent[at]
        if at in ours:
            yield pid


def files(places):
    for place in places:
        if not os.path.isdir(place):
            yield place
        for folder, _, names in os.walk(place):
            for name in names:
                yield os.path.join(folder, name)


def read(path):
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return b""
        with open(path, "rb") as f:
            return f.read()
    except OSError:
        return b""


def main(words, kept, build, *places):
    with open(words, "rb") as f:
        words = [w for w in f.read().split(b"\n") if w]
    short = [w for w in words if len(w) < 8]
    if not words or short:
        print("no secrets, or one that is too short to be looked for")
        return
    needles = [pair for word in set(words) for pair in forms(word)]
    with open(kept, encoding="utf-8") as f:
        kept = {os.path.realpath(line) for line in f.read().split("\n") if line}
    groups = our_groups()
    for path in files(places):
        if os.path.basename(path).startswith("core"):
            print("%s: a core" % path)
        seen = found_in(read(path), needles)
        if not seen:
            continue
        if os.path.realpath(path) not in kept:
            print("%s: %s" % (path, ", ".join(seen)))
            continue
        st = os.stat(path)
        if st.st_mode & 0o007 or (st.st_mode & 0o070 and st.st_gid not in groups):
            print("%s: for others, too (mode %o, group %d)" % (path, stat.S_IMODE(st.st_mode), st.st_gid))
    for pid in processes(os.path.realpath(build)):
        for what in ("cmdline", "environ"):
            seen = found_in(read("/proc/%s/%s" % (pid, what)), needles)
            if seen:
                print("%s of process %s: %s" % (what, pid, ", ".join(seen)))


main(*sys.argv[1:])
