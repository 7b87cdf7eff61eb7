"""The receipt's QR code, drawn in the browser, is module for module the one that another program draws."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import segno
from segno import encoder

from tests.js.conftest import MISSING

ADDRESS = "https://union.example/ballots/x/board?tracker="


def squares(*texts):
    node = shutil.which("node")
    if node is None:
        pytest.skip(MISSING)
    run = subprocess.run(
        [node, Path(__file__).with_name("qr.mjs"), *texts], capture_output=True, text=True, check=True
    )
    return json.loads(run.stdout)


@pytest.fixture
def padded_as_the_standard_says(monkeypatch):
    """segno adds a zero word where the content ends on a word already (ISO/IEC 18004, 7.4.10: only if it does not)."""
    write = encoder.write_padding_bits
    monkeypatch.setattr(
        encoder,
        "write_padding_bits",
        lambda buff, version, length: write(buff, version, length) if length % 8 else None,
    )


@pytest.mark.usefixtures("padded_as_the_standard_says")
def test_every_length_and_version():
    texts = [
        (ADDRESS + "aB3/+-" * 40)[:length]
        for length in (1, 20, 80, 100, 106, 110, 122, 140, 152, 175, 180, 205, 213)
    ]
    versions = set()
    for text, square in zip(texts, squares(*texts), strict=True):
        version = (len(square) - 17) // 4
        versions.add(version)
        other = segno.make(
            text,
            version=version,
            error="m",
            mode="byte",
            mask=0,
            boost_error=False,
            encoding="utf-8",
            eci=False,
        )
        assert square == [list(row) for row in other.matrix], text
    assert versions == {6, 7, 8, 9, 10}


def test_a_text_that_is_too_long_has_none():
    assert squares("a" * 213, "a" * 214)[1] is None
