"""Reading a page opens no socket, starts nothing and writes nothing, whatever the page asks for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from service.articles.article import FetchedPage
from service.articles.extract import Extractor
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

FORBIDDEN = {
    "socket": "import socket; socket.socket()",
    "connection": "import socket; socket.create_connection(('127.0.0.1', 9))",
    "look-up": "import socket; socket.getaddrinfo('localhost', 80)",
    "command": "import os; os.system('true')",
    "process": "import subprocess, sys; subprocess.run([sys.executable, '-c', ''])",
    "fork": "import os; os.fork()",
}


# Tries them all in a fresh interpreter with the child's own limits on, and prints which were let.
TRY_ALL = """
import json, sys
from service.articles import extract_worker
extract_worker._give_up(1024)
allowed = []
for what, code in json.loads(sys.argv[1]).items():
    try:
        exec(code)
    except PermissionError:
        continue
    allowed.append(what)
print(json.dumps(allowed))
"""


def test_a_page_full_of_addresses_reaches_none_of_them(
    site: FaultServer, extractor: Extractor
) -> None:
    for path in ("/style", "/large.jpg", "/og.png", "/refresh", "/script", "/canonical"):
        site.serve(path, response())
    html = PAGE.replace("<body>", "<body>" + TEMPTATIONS.format(url=site.url("")))
    assert extractor.extract(FetchedPage(site.url("/page"), html.encode(), "text/html")).text
    # Thin enough for every second opinion, newspaper's among them, to be asked.
    thin = html[: html.index("<p>") + 150]
    with pytest.raises(TooLittleText):
        extractor.extract(FetchedPage(site.url("/page"), thin.encode(), "text/html"))
    assert site.num_connections == 0


def test_a_child_cannot_reach_out() -> None:
    command = [sys.executable, "-W", "ignore", "-c", TRY_ALL, json.dumps(FORBIDDEN)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == []


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
