"""Checks an evidence bundle of `standing` as docs/bundle.md describes it, with the standard library and
`cryptography`. Nothing of this project is used, and no rule of it is known: the answer is not derived.

Its arguments are a bundle and a file with the log's verifier key. It prints `ok`, the number of events and
the SHA-256 of the answer, or says what is wrong and fails.
"""

import base64
import hashlib
import json
import sys
from pathlib import Path

from check import key, open_checkpoint


def sha256(data):
    return hashlib.sha256(data).digest()


def root(first, after, leaves, hashes):
    """The root over the leaves from `first` up to `after`."""
    if not leaves:
        return next(hashes)
    if after - first == 1:
        return leaves[0][1]
    width = 1
    while 2 * width < after - first:
        width *= 2
    middle = first + width
    left = root(first, middle, [leaf for leaf in leaves if leaf[0] < middle], hashes)
    right = root(middle, after, [leaf for leaf in leaves if leaf[0] >= middle], hashes)
    return sha256(b"\x01" + left + right)


def main(bundle, verifier):
    header, *lines = Path(bundle).read_bytes().split(b"\n")
    assert lines.pop() == b"", "cut off"
    header = json.loads(header)
    assert header["format"] == "standing-bundle/1", "another format"
    size, signed = open_checkpoint(header["checkpoint"], *key(Path(verifier).read_text()))
    events, hashes = header["events"], header["hashes"]
    assert len(lines) == events + hashes + 1, "another number of lines"
    leaves = []
    for line in lines[:events]:
        position, leaf = line[1:-1].split(b",", 1)
        leaves.append((int(position) - 1, sha256(b"\x00" + leaf)))
        event = json.loads(leaf)
        book = event["data"].get("toml")
        if event["type"] == "rulebook.published":
            assert hashlib.sha256(book.encode()).hexdigest() == event["data"]["sha256"]
    assert all(a < b for (a, _), (b, _) in zip(leaves, leaves[1:])), "not in order"
    beside = iter([base64.b64decode(json.loads(line)) for line in lines[events:-1]])
    assert root(0, size, leaves, beside) == signed, "not what was signed"
    assert next(beside, None) is None, "hashes that nothing needs"
    answer = hashlib.sha256(lines[-1]).hexdigest()
    assert answer == header["answer_sha256"], "another answer"
    assert json.loads(lines[-1])["developer"] == header["developer"], "somebody else's answer"
    print("ok", events, answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
