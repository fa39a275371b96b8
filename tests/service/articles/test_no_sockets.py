"""Reading a page opens no socket, starts nothing and writes nothing, whatever the page asks for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from service.articles.article import FetchedPage
from service.articles.extract import Extractor
from service.config import FetchConfig
from service.errors import TooLittleText
from tests.service.articles.conftest import PAGE, FaultServer, response

TEMPTATIONS = """
<link rel="stylesheet" href="{url}/style"><link rel="canonical" href="{url}/canonical">
<base href="{url}/base/"><meta property="og:image" content="{url}/og.png">
<meta http-equiv="refresh" content="0;url={url}/refresh">
<script src="{url}/script"></script><iframe src="{url}/frame"></iframe>
<img src="{url}/large.jpg" width="1200" height="900"><object data="{url}/object"></object>
<video src="{url}/video"></video><link rel="icon" href="{url}/icon">
"""

# In a fresh interpreter, with the child's own limits on: each of these must fail.
FORBIDDEN = {
    "socket": "import socket; socket.socket()",
    "connection": "import socket; socket.create_connection(('127.0.0.1', 9))",
    "look-up": "import socket; socket.getaddrinfo('localhost', 80)",
    "command": "import os; os.system('true')",
    "process": "import subprocess, sys; subprocess.run([sys.executable, '-c', ''])",
    "fork": "import os; os.fork()",
    "newspaper's download": "import newspaper; newspaper.network.get_html_2XX_only('http://127.0.0.1:9/')",
}


def test_a_page_full_of_addresses_reaches_none_of_them(site: FaultServer) -> None:
    for path in ("/style", "/large.jpg", "/og.png", "/refresh", "/script", "/canonical"):
        site.serve(path, response())
    html = PAGE.replace("<body>", "<body>" + TEMPTATIONS.format(url=site.url("")))
    extractor = Extractor(FetchConfig(extract_children=1))
    assert extractor.extract(FetchedPage(site.url("/page"), html.encode(), "text/html")).text
    # Thin enough for every second opinion, newspaper's among them, to be asked.
    thin = html[: html.index("<p>") + 150]
    with pytest.raises(TooLittleText):
        extractor.extract(FetchedPage(site.url("/page"), thin.encode(), "text/html"))
    extractor.close()
    assert site.num_connections == 0


@pytest.mark.parametrize("what", FORBIDDEN)
def test_a_child_cannot(what: str) -> None:
    code = f"from service.articles import extract_worker as w; w._give_up(1024); {FORBIDDEN[what]}"
    ran = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True)
    assert ran.returncode == 1
    assert b"PermissionError" in ran.stderr


@pytest.mark.parametrize(
    "code",
    [
        "f = open(r'{folder}/file', 'w'); f.write('x' * 100_000); f.flush()",
        "bytearray(400_000_000)",
    ],
    ids=["write", "take much memory"],
)
def test_the_kernel_does_not_let_a_child(code: str, tmp_path: Path) -> None:
    limits = "from service.articles import extract_worker as w; w._give_up(300);"
    command = [sys.executable, "-W", "ignore", "-c", limits + code.format(folder=tmp_path)]
    assert subprocess.run(command, capture_output=True).returncode != 0
