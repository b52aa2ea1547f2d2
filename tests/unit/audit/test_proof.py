"""The Merkle root of published files, as docs/takedown.md has it."""

import hashlib

from audit import proof

A, B, C = (proof.leaf(f"corpus/{c}", c * 64) for c in "abc")


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def test_a_leaf_names_path_and_digest() -> None:
    assert hashlib.sha256(b"\x00corpus/a\x00" + b"a" * 64).digest() == A
    assert proof.leaf("x", "y") != proof.leaf("y", "x")


def test_pairs_are_hashed_and_an_odd_one_is_carried_up() -> None:
    assert proof.root([A]) == A.hex()
    assert proof.root([A, B]) == node(A, B).hex()
    assert proof.root([A, B, C]) == node(node(A, B), C).hex()
    assert proof.root([A, B, C, A, B]) == node(node(node(A, B), node(C, A)), B).hex()


def test_no_files_have_a_root_of_their_own() -> None:
    assert proof.root([]) == hashlib.sha256(b"").hexdigest()
