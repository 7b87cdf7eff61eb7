"""What breaks servers that read what they are sent: bodies that are huge, deep, endless, or swell when read."""

import gzip
import io
import json
import zipfile
from urllib.parse import quote_plus

FORM = "application/x-www-form-urlencoded"
MB = 1024 * 1024
BOUNDARY = "bomb"


def multipart(parts):
    """A body of (name, filename or None, content) and its type."""
    body = io.BytesIO()
    for name, filename, content in parts:
        told = f'; filename="{filename}"' if filename is not None else ""
        body.write(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{told}\r\n\r\n'.encode())
        body.write(content)
        body.write(b"\r\n")
    body.write(f"--{BOUNDARY}--\r\n".encode())
    return body.getvalue(), f"multipart/form-data; boundary={BOUNDARY}"


def zipped(names, size):
    """A ZIP file whose members are zeros: a thousandth of what it holds."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            with archive.open(name, "w", force_zip64=True) as member:
                for _ in range(size // MB):
                    member.write(bytes(MB))
    return file.getvalue()


def laughing():
    """A workbook whose strings are entities of entities: a billion when a parser believes them."""
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    strings = f'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY l0 "ha">{levels}]><sst><si><t>&l9;</t></si></sst>'
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/sharedStrings.xml", strings)
        book.writestr("[Content_Types].xml", "<Types/>")
    return file.getvalue()


def nested(depth):
    content = bytes(MB)
    for _ in range(depth):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("in.zip", content)
        content = file.getvalue()
    return content


def files():
    """Files that are no list of people, by name: each is for a form that takes a file."""
    return {
        "zip of zeros": zipped(["register.csv"], 256 * MB),
        "zip with a way out": zipped(["../../../../etc/cron.d/union", "/etc/passwd"], MB),
        "zip in zip": nested(40),
        "workbook that laughs": laughing(),
        "gzip of zeros": gzip.compress(bytes(256 * MB), 9)[: 2 * MB - 4096],
        "one quoted cell": b'name,email\n"' + b"x" * (2 * MB - 4096),
        "quotes only": b'"' * (2 * MB - 4096),
        "commas only": b"," * (2 * MB - 4096),
        "line ends only": b"\n" * (2 * MB - 4096),
        "zeros": bytes(MB),
        "huge numbers": b"member,weight\na," + b"9" * (MB // 2) + b"\nb,1e999999999\n",
        "deep": b"[" * (MB // 2),
        "a million columns": b"name,email" + b",c" * 1_000_000 + b"\n" + b"Anna,a@example.org" + b",1" * 10,
        "a row of a million": b"name,email\nAnna,a@example.org" + b",1" * 1_000_000,
        "half characters": b"name,email\n" + b"\xed\xa0\x80" * (MB // 4),
        "a zip that says 1 GB": zipped(["register.csv"], MB)[:-14] + b"\xff\xff\xff\x3f" * 3,
    }


def bodies():
    """Bodies that no form of ours ever sends: (content, type, further headers)."""
    fields = "&".join(f"f{n}=" for n in range(100_000)).encode()
    parts = [(f"f{n}", None, b"") for n in range(30_000)]
    return {
        "100,000 fields": (fields, FORM, {}),
        "the same field": (b"a=&" * 600_000, FORM, {}),
        "no names": (b"&" * (2 * MB - 4096), FORM, {}),
        "30,000 parts": (*multipart(parts[:20_000]), {}),
        "30,000 files": (*multipart([(name, "f", b"") for name, _, _ in parts[:15_000]]), {}),
        "a part without end": (
            f"--{BOUNDARY}\r\n".encode() + b"A" * MB,
            f"multipart/form-data; boundary={BOUNDARY}",
            {},
        ),
        "a long boundary": (b"x" * MB, "multipart/form-data; boundary=" + "b" * 4000, {}),
        "no boundary": (b"x" * MB, "multipart/form-data", {}),
        "gzip": (gzip.compress(b"a=" + bytes(256 * MB), 9), FORM, {"Content-Encoding": "gzip"}),
        "gzip of a form": (gzip.compress(b"email=a%40example.org"), FORM, {"Content-Encoding": "gzip"}),
    }


def values():
    """What a field of a form may be told."""
    return {
        "NUL": quote_plus("a\0b"),
        "half a character": "%ED%A0%80",
        "turns round": quote_plus("\u202e\u2066\u2067abc"),
        "a number without end": "9" * 500_000,
        "an exponent": "1e999999999",
        "less": "-1e999999999",
        "not a number": "NaN",
        "long": "x" * MB,
        "arabic digits": quote_plus("١" * 5000),
        "stacked marks": quote_plus("a" + "\u0301" * 100_000),
    }


def jsons():
    """JSON that readers fall over."""
    return {
        "deep lists": "[" * 500_000,
        "deep objects": '{"a":' * 200_000,
        "deep and closed": '{"ballot":' + "[" * 100_000 + "]" * 100_000 + "}",
        "a string": json.dumps({"ballot": "[" * 1_000_000}),
        "half a character": '{"ballot":"\\ud800"}',
        "half a character inside": json.dumps({"ballot": '{"election_uuid":"\\ud800"}'}),
        "NUL": '{"ballot":"\\u0000"}',
        "a number without end": '{"ballot":' + "9" * 1_000_000 + "}",
        "a number inside": json.dumps({"ballot": '{"answers":' + "9" * 1_000_000 + "}"}),
        "an exponent": json.dumps({"ballot": '{"answers":[1e999999999]}'}),
        "many names": json.dumps({"ballot": json.dumps({f"k{n}": 0 for n in range(50_000)})}),
        "one name often": json.dumps({"ballot": "{" + ",".join(['"a":1'] * 100_000) + "}"}),
        "no JSON": "\x00\x01\x02",
    }
