"""What a reader of PDF finds that knows nothing of how the file was made: poppler, else pypdf."""

import shutil
import subprocess

from pypdf import PdfReader


def text_of(content, tmp_path):
    """Return what a reader of PDF finds: poppler where it is installed, else pypdf; without gaps."""
    path = tmp_path / "read.pdf"
    path.write_bytes(content)
    if shutil.which("pdftotext"):
        text = subprocess.run(
            ["pdftotext", "-raw", path, "-"], capture_output=True, check=True
        ).stdout.decode()
    else:
        text = "\n".join(sheet.extract_text() for sheet in PdfReader(path).pages)
    return text


def packed(text):
    return "".join(text.split())
