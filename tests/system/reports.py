#!/usr/bin/env python3
"""Every report in the tests' upstream, read by Python's email package.

usage: reports.py DIR [SENDER]

A line for each, sorted: "ACTION STATUS FINAL-RECIPIENT THIRD-PART TO", for a
report of several recipients one each.  SENDER: the envelope sender they must
have (default: none).  Exit 1, and what is wrong, for a report that is not as
RFC 3464, RFC 6522 and RFC 6533 have it or that the package finds fault with.
"""
import email
import email.policy
import email.utils
import os
import re
import sys

CLASSES = {"failed": "45", "delayed": "4", "relayed": "2"}
wrong = []


def want(what, where, condition):
    if not condition:
        wrong.append(f"{where}: {what}")


def read(path):
    """Envelope lines and message of a stored file: tests/upstream/keep.h."""
    with open(path, "rb") as f:
        head, _, message = f.read().partition(b"\n\n")
    return head.decode("utf-8").split("\n"), message


def check_date(where, name, value):
    try:
        when = email.utils.parsedate_to_datetime(value)
        want(f"{name} has no zone: {value}", where, when.tzinfo is not None)
        want(f"{name} has a zone's name: {value}", where, re.search(r" [+-]\d{4}$", value))
    except (TypeError, ValueError):
        want(f"{name} is no date: {value}", where, False)


def blocks(where, part):
    """The groups of fields of the second part."""
    if part.get_content_type() == "message/delivery-status":
        found = [dict((k.lower(), str(v)) for k, v in b.items()) for b in part.get_payload()]
        want("delivery-status is not ASCII", where, part.as_bytes().isascii())
    else:
        inner = part.get_payload(0)
        raw = inner.as_bytes(policy=email.policy.SMTPUTF8.clone(refold_source="none"))
        text = raw.decode("utf-8").replace("\r\n", "\n")
        found = []
        for group in text.strip("\n").split("\n\n"):
            lines = re.sub(r"\n[ \t]+", " ", group).split("\n")
            found.append({l.partition(":")[0].lower(): l.partition(":")[2].strip() for l in lines})
    return [b for b in found if b]


def check_recipient(where, b):
    action = b.get("action", "")
    want(f"action {action}", where, action in CLASSES)
    want(f"status {b.get('status')} for {action}", where,
         re.fullmatch(rf"[{CLASSES.get(action, '')}]\.\d+\.\d+", b.get("status", "")))
    kind = b.get("final-recipient", "").partition(";")
    want("final-recipient", where, kind[0] in ("rfc822", "utf-8") and "@" in kind[2])
    want("diagnostic-code", where, re.match(r"(smtp|x-postern); \S", b.get("diagnostic-code", "")))
    check_date(where, "last-attempt-date", b.get("last-attempt-date", ""))
    if action == "delayed":
        check_date(where, "will-retry-until", b.get("will-retry-until", ""))
    return action, b.get("status"), kind[2].strip()


def check_third(where, part):
    kind = part.get_content_type()
    if kind in ("message/rfc822", "message/global"):
        inner = part.get_payload(0)
        want("the original has no header", where, len(inner.keys()) > 0)
        want("the original has no body", where, inner.get_payload())
    else:
        want(f"third part {kind}", where, kind in ("text/rfc822-headers", "message/global-headers"))
        raw = part.get_payload(decode=True) or part.as_bytes()
        want("no fields of the original", where, re.search(rb"(?mi)^subject:", raw))
    return kind


def check(where, envelope, raw, sender):
    m = email.message_from_bytes(raw, policy=email.policy.default)
    for part in m.walk():
        want(f"{part.get_content_type()}: {part.defects}", where, not part.defects)
    want("a line over 998", where, max(map(len, raw.split(b"\r\n"))) <= 998)
    want("a bare LF or CR", where, b"\n" not in raw.replace(b"\r\n", b""))
    want(f"its sender: {envelope}", where, any(l.startswith(f"MAIL FROM:<{sender}>") for l in envelope))
    want("report-type", where, m["Content-Type"].params.get("report-type") == "delivery-status")
    want("auto-submitted", where, m["Auto-Submitted"] == "auto-replied")
    for name in ("From", "To", "Subject", "Message-ID", "MIME-Version", "In-Reply-To"):
        want("no " + name, where, len(m.get_all(name, [])) == 1)
    check_date(where, "Date", str(m["Date"]))
    parts = list(m.iter_parts())
    want(f"{len(parts)} parts", where, len(parts) in (2, 3))
    text = parts[0].get_content()
    want("words for people", where, parts[0].get_content_type() == "text/plain" and "This is Postern" in text)
    groups = blocks(where, parts[1])
    want("reporting-mta", where, groups[0].get("reporting-mta", "").startswith("dns; "))
    check_date(where, "arrival-date", groups[0].get("arrival-date", ""))
    want("no recipient", where, len(groups) > 1)
    third = check_third(where, parts[2]) if len(parts) == 3 else "none"
    for b in groups[1:]:
        action, status, final = check_recipient(where, b)
        want(f"{final} is not in the words for people", where, "\\x{" in final or final in text)
        yield f"{action} {status} {final} {third} {m['To'].addresses[0].addr_spec}"


def main():
    folder, sender = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    lines = []
    for name in sorted(os.listdir(folder)):
        envelope, raw = read(os.path.join(folder, name))
        if b"multipart/report" in raw.partition(b"\r\n\r\n")[0]:
            lines += check(name, envelope, raw, sender)
    print("\n".join(sorted(lines)))
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


sys.exit(main())
