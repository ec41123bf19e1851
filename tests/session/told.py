#!/usr/bin/env python3
"""What a daemon wrote to people by itself, read by Python's email package.

usage: told.py DIR SENDER

Of each message in DIR that no person wrote (RFC 3834), as reports.py wants
them stored, a line "TO: SUBJECT (AUTO-SUBMITTED, TYPE)", sorted.  Exit 1, and
what is wrong, for one that the package finds fault with, that lacks a field or
has two of it, or whose words for people are none.  SENDER: the envelope
sender that they have.
"""
import email
import email.policy
import os
import sys

ONCE = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Auto-Submitted")


def faults(head, raw, m, sender):
    for part in m.walk():
        yield from (f"{part.get_content_type()}: {d!r}" for d in part.defects)
    yield from (f"{len(m.get_all(name, []))} x {name}" for name in ONCE if len(m.get_all(name, [])) != 1)
    yield from (f"{name}: {d!r}" for name in m.keys() for d in m[name].defects)
    if m["Date"].datetime.tzinfo is None:
        yield f"Date has no zone: {m['Date']}"
    if head != f"MAIL FROM:<{sender}>".encode():
        yield f"its sender: {head}"
    if b"\n" in raw.replace(b"\r\n", b"") or max(map(len, raw.split(b"\r\n"))) > 998:
        yield "a bare LF, or a line over 998"
    if not m.get_body(("plain",)).get_content().strip():
        yield "no words for people"


def main():
    folder, sender = sys.argv[1:]
    lines, wrong = [], []
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as f:
            head, _, raw = f.read().partition(b"\n\n")
        m = email.message_from_bytes(raw, policy=email.policy.default)
        if m["Auto-Submitted"] is None:
            continue
        wrong += [f"{name}: {w}" for w in faults(head, raw, m, sender)]
        lines.append(f"{m['To'].addresses[0].addr_spec}: {m['Subject']} "
                     f"({m['Auto-Submitted']}, {m.get_content_type()})")
    print("\n".join(sorted(lines)))
    print("\n".join(wrong), file=sys.stderr, end="")
    return 1 if wrong else 0


sys.exit(main())
