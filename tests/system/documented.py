"""documented.py MANUAL COMMAND DOCUMENT…: the names in these documents that the manual's JSON section has not under
COMMAND; and those it has there and no document, each behind a "-".

What several commands print is described once: a message under queue, its journal under show, a delivery under test."""

import json
import re
import sys

LIKE = {'show': ['queue'], 'log': ['queue', 'show'], 'hold': ['queue'], 'check': ['test']}
FREE = {'options', 'refused_why'}       # their names are a message's own, and IDs


def described(manual):
    """By command, the words of .Li, which stand alone or with commas between."""
    section = manual.split('\n.Sh JSON\n')[1].split('\n.Sh ')[0]
    names, commands = {}, []
    for line in section.split('\n'):
        if line.startswith('.It Cm '):
            commands = re.findall(r'[a-z]+', line[len('.It Cm '):])
            names.update((command, set()) for command in commands)
        elif line.startswith('.Li '):
            for command in commands:
                names[command].update(re.findall(r'[a-z][a-z_0-9]*', line[len('.Li '):]))
    return names


def names_of(thing):
    if isinstance(thing, dict):
        for key, value in thing.items():
            yield key
            if key not in FREE:
                yield from names_of(value)
    elif isinstance(thing, list):
        for value in thing:
            yield from names_of(value)


def main(manual, command, *documents):
    with open(manual, encoding='utf-8') as f:
        names = described(f.read())
    own, got = names[command], set()
    known = own.union(*(names[other] for other in LIKE.get(command, [])))
    for document in documents:
        with open(document, encoding='ascii') as f:
            got.update(names_of(json.load(f)))
    print(' '.join(sorted(got - known) + ['-' + name for name in sorted(own - got)]))


main(*sys.argv[1:])
