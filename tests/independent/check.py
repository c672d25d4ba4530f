"""Checks what `standing` has signed and written with two packages from PyPI: `cryptography` for the
signatures, `pymerkle` for the tree. Nothing of this project is used.

Its argument is the folder that `check.go` describes. It prints `ok` and the size and root of `new`,
or says what is wrong and fails.
"""

import base64
import hashlib
import struct
import sys
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pymerkle import InmemoryTree, InvalidProof, verify_consistency, verify_inclusion


def key(text):
    """The name, the id and the public key of a verifier key."""
    name, number, rest = text.strip().split("+", 2)
    data = base64.b64decode(rest, validate=True)
    assert data[0] == 1 and len(data) == 33, "no Ed25519 key"
    found = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
    assert found == bytes.fromhex(number), "another key id"
    return name, found, Ed25519PublicKey.from_public_bytes(data[1:])


def open_checkpoint(note, name, number, public):
    """The size and the root of a signed note."""
    text, signatures = note.rsplit("\n\n", 1)
    text += "\n"
    own = [line for line in signatures.splitlines() if line.startswith(f"\u2014 {name} ")]
    assert own, "not signed by the log"
    for line in own:
        data = base64.b64decode(line.rsplit(" ", 1)[1], validate=True)
        assert data[:4] == number, "another key"
        public.verify(data[4:], text.encode())
    origin, size, root, end = text.split("\n")
    assert (origin, end) == (name, ""), "another log"
    return int(size), base64.b64decode(root, validate=True)


def leaves(folder, size):
    """The entries of the first `size` events, out of their bundles."""
    for number in range((size + 255) // 256):
        width = min(256, size - 256 * number)
        digits = f"{number:03}" if number < 1000 else f"x{number // 1000:03}/{number % 1000:03}"
        path = folder / "tile/entries" / (digits if width == 256 else f"{digits}.p/{width}")
        bundle, at = path.read_bytes(), 0
        while at < len(bundle):
            (length,) = struct.unpack_from(">H", bundle, at)
            yield bundle[at + 2 : at + 2 + length]
            at += 2 + length


def fails(error, check, *arguments):
    try:
        check(*arguments)
    except error:
        return
    raise AssertionError("what is wrong is taken")


def main(folder):
    log = key((folder / "key").read_text())
    note = (folder / "new").read_text()
    old_size, old_root = open_checkpoint((folder / "old").read_text(), *log)
    size, root = open_checkpoint(note, *log)
    fails(InvalidSignature, open_checkpoint, note.replace(f"\n{size}\n", f"\n{size + 1}\n"), *log)

    tree = InmemoryTree(algorithm="sha256")
    for leaf in leaves(folder / "out", size):
        tree.append_entry(leaf)
    assert tree.get_size() == size, "too few entries"
    assert tree.get_state(old_size) == old_root, "another root of the older tree"
    assert tree.get_state(size) == root, "another root"
    # This package writes consistency proofs in a form of its own; it makes and checks one here.
    proof = tree.prove_consistency(old_size, size)
    verify_consistency(old_root, root, proof)
    fails(InvalidProof, verify_consistency, bytes(32), root, proof)

    head, checkpoint = (folder / "proof").read_text().split("\n\n", 1)
    header, extra, index, *path = head.split("\n")
    assert header == "c2sp.org/tlog-proof@v1"
    assert open_checkpoint(checkpoint, *log) == (size, root)
    leaf = base64.b64decode(extra.removeprefix("extra "), validate=True)
    position = int(index.removeprefix("index ")) + 1
    base = hashlib.sha256(b"\0" + leaf).digest()
    assert tree.get_leaf(position) == base, "another event at that position"
    proof = tree.prove_inclusion(position, size)
    # Its path begins with the leaf's own hash; the rest is that of RFC 6962, and is replaced by ours.
    proof.path = [base] + [base64.b64decode(line, validate=True) for line in path]
    verify_inclusion(base, root, proof, index=position, size=size)
    fails(InvalidProof, verify_inclusion, hashlib.sha256(b"\0x").digest(), root, proof)

    print("ok", size, base64.b64encode(root).decode())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
