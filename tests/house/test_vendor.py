"""Vendored files are the ones their manifest names, byte for byte, and there are no others."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

UNION = Path(__file__).parents[2] / "union"
VENDOR, FONTS = UNION / "web/static/vendor", UNION / "press/fonts"


def problems(vendor: Path) -> list[str]:
    """Return what differs between the folder and its manifest, one sentence each."""
    found: list[str] = []
    listed: set[str] = set()
    for package in json.loads((vendor / "manifest.json").read_text())["packages"]:
        found += [
            f"{package.get('name')} has no {fact}"
            for fact in ("name", "version", "licence")
            if not package.get(fact)
        ]
        if not package.get("integrity", "").startswith("sha512-"):
            found.append(f"{package.get('name')} has no integrity of its registry")
        if not any(name.endswith("LICENSE") for name in package["files"]):
            found.append(f"{package.get('name')} ships without its licence")
        for name, digest in package["files"].items():
            listed.add(name)
            if not (vendor / name).is_file():
                found.append(f"{name} is missing")
            elif hashlib.sha256((vendor / name).read_bytes()).hexdigest() != digest:
                found.append(f"{name} is not the file that was vendored")
    here = {str(path.relative_to(vendor)) for path in vendor.rglob("*") if path.is_file()}
    return found + [f"{name} is in no manifest" for name in sorted(here - listed - {"manifest.json"})]


@pytest.mark.parametrize("vendor", [VENDOR, FONTS], ids=["browser", "fonts"])
def test_vendored_files_are_those_of_the_manifest(vendor):
    assert not problems(vendor)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (
            lambda d: (d / "noble-ed25519/index.js").write_bytes(b"x"),
            "noble-ed25519/index.js is not the file that was vendored",
        ),
        (lambda d: (d / "noble-ed25519/index.js").unlink(), "noble-ed25519/index.js is missing"),
        (lambda d: (d / "noble-ed25519/more.js").write_text("x"), "noble-ed25519/more.js is in no manifest"),
    ],
)
def test_a_planted_fault_is_named(tmp_path, fault, sentence):
    copy = tmp_path / "vendor"
    shutil.copytree(VENDOR, copy)
    fault(copy)
    assert problems(copy) == [sentence]
