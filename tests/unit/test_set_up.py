"""tools/set_up.py: packages come from where pip gets them, and a failure says what could not be reached."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import venv
import zipfile
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pip
import pytest

import package_index
from bench import tls
from fixtures_sql import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PACKAGE = "s3vl_tiny"
CLOSED = "http://127.0.0.1:9/simple/"


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, and keeps the log out of the tests."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path, handler: type[Quiet] = Quiet) -> Iterator[int]:
    """Serve a folder on a port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def write_wheel(folder: Path) -> None:
    """Write the smallest package that can be installed, and the page of an index that lists it."""
    info = f"{PACKAGE}-1.dist-info"
    files = {
        f"{PACKAGE}.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: 1\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    digests = {
        name: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        for name, text in files.items()
    }
    record = [f"{name},sha256={digests[name]},{len(text)}\n" for name, text in files.items()]
    wheel = f"{PACKAGE}-1-py3-none-any.whl"
    project = folder / "simple" / PACKAGE.replace("_", "-")
    project.mkdir(parents=True)
    with zipfile.ZipFile(project / wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        archive.writestr(f"{info}/RECORD", "".join([*record, f"{info}/RECORD,,\n"]))
    (project / "index.html").write_text(f'<a href="{wheel}">{wheel}</a>')


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tls.Front]:
    """Serve a package index as a proxy that inspects TLS does: by an authority that only those know who are told."""
    folder = tmp_path_factory.mktemp("index")
    write_wheel(folder)
    with served(folder) as port, tls.front(port, folder / "tls") as front:
        yield front


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a checkout that needs the one package, and a virtual environment for it with uv."""
    folder = tmp_path_factory.mktemp("checkout")
    for source in ("tools/set_up.py", "tools/package_index.py", "local/s3vl_local/progress.py"):
        target = folder / source
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / source, target)
    (folder / "local/s3vl_local/__init__.py").touch()
    (folder / "constraints.txt").touch()
    (folder / "pyproject.toml").write_text(
        f'[dependency-groups]\nbootstrap = ["pip"]\nall = [{{ include-group = "local" }}]\n'
        f'local = ["{PACKAGE}"]\nmissing = ["s3vl_missing"]\n'
    )
    # pip and uv are those of the tests: to install them takes longer than all the tests here.
    venv.create(folder / ".venv", symlinks=True)
    for program in ("pip", "uv"):
        (folder / ".venv" / "bin" / program).symlink_to(Path(sys.executable).with_name(program))
    for part in Path(pip.__file__).parents[1].glob("pip*"):
        [site_packages] = (folder / ".venv").glob("lib/python*/site-packages")
        # But what another process compiles at the moment, which has this name until it is whole.
        shutil.copytree(part, site_packages / part.name, ignore=shutil.ignore_patterns("*.pyc.*"))
    return folder


@pytest.fixture
def set_up(checkout: Path, tmp_path: Path) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Run the tool in a shell that knows nothing of this machine's network but what a test says."""
    ours = ("PIP_", "UV_", "SSL_", "REQUESTS_", "CURL_", "XDG_")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
    kept |= {"HOME": str(tmp_path), "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0", "UV_HTTP_RETRIES": "0"}

    def run(group: str = "all", **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "tools/set_up.py", ".venv", group],
            cwd=checkout,
            env=kept | variables,
            capture_output=True,
            text=True,
            check=False,
        )

    yield run
    for installed in checkout.glob(f".venv/lib/python*/site-packages/{PACKAGE}*"):
        shutil.rmtree(installed) if installed.is_dir() else installed.unlink()


def said(done: subprocess.CompletedProcess[str]) -> str:
    """Return what the tool said, but for what it waited for on a busy machine."""
    return re.sub(r"^  waiting for .*\n", "", done.stderr, flags=re.MULTILINE)


def has_it(checkout: Path) -> bool:
    """Tell whether the package is installed."""
    return any(checkout.glob(f".venv/lib/python*/site-packages/{PACKAGE}.py"))


def test_what_pip_trusts_is_trusted(
    checkout: Path, set_up: Callable[..., subprocess.CompletedProcess[str]], index: tls.Front
) -> None:
    """Behind a proxy that inspects TLS pip's own variables are enough, also where no cache can be written."""
    done = set_up(HOME=os.devnull, PIP_INDEX_URL=f"{index.url}/simple/", PIP_CERT=str(index.ca_bundle))

    assert (done.returncode, said(done)) == (0, "")
    assert has_it(checkout)


def test_pip_installs_where_uv_cannot(
    checkout: Path,
    set_up: Callable[..., subprocess.CompletedProcess[str]],
    index: tls.Front,
    tmp_path: Path,
) -> None:
    """What only a file of pip's says, uv does not know."""
    settings = tmp_path / "pip.conf"
    settings.write_text(f"[global]\nindex-url = {index.url}/simple/\ncert = {index.ca_bundle}\n")

    done = set_up(PIP_CONFIG_FILE=str(settings), UV_DEFAULT_INDEX=CLOSED)

    assert (done.returncode, said(done)) == (0, "")
    assert has_it(checkout)


@pytest.mark.parametrize(
    ("place", "reason"), [("nowhere", "Connection refused"), ("here", "certificate verify failed")]
)
def test_what_cannot_be_reached_is_said_once(
    set_up: Callable[..., subprocess.CompletedProcess[str]], index: tls.Front, place: str, reason: str
) -> None:
    """The index and the reason, what can be set, and none of pip's words about versions."""
    address = CLOSED if place == "nowhere" else f"{index.url}/simple/"

    done = set_up(PIP_INDEX_URL=address)

    assert done.returncode == 1
    assert done.stderr.count("cannot be reached") == 1
    assert f"{address} cannot be reached: " in done.stderr
    assert reason in done.stderr
    assert "PIP_CERT" in done.stderr
    assert "version" not in done.stderr


def test_what_the_index_lacks_is_said_in_the_words_of_pip(
    set_up: Callable[..., subprocess.CompletedProcess[str]], index: tls.Front
) -> None:
    """An index that answers is not said to be out of reach."""
    done = set_up("missing", PIP_INDEX_URL=f"{index.url}/simple/", PIP_CERT=str(index.ca_bundle))

    assert done.returncode == 1
    assert "No matching distribution found for s3vl_missing" in done.stderr
    assert "cannot be reached" not in done.stderr


@pytest.mark.parametrize(
    ("place", "reason"),
    [("127.0.0.1:9", "Connection refused"), ("127.0.0.1:port", "nonnumeric port")],
)
def test_the_login_of_an_index_is_not_shown(
    set_up: Callable[..., subprocess.CompletedProcess[str]], place: str, reason: str
) -> None:
    """A mirror's token often stands in its address; a message ends in logs. What no address is, is said too."""
    done = set_up(PIP_INDEX_URL=f"http://me:to@ken@{place}/simple/")

    assert done.returncode == 1
    assert f"http://{place}/simple/ cannot be reached: " in done.stderr
    assert reason in done.stderr
    assert "ken" not in done.stderr


def test_an_index_that_wants_a_login_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """As pip would open it: one that answers is not said to be out of reach."""
    logins: list[str | None] = []

    class Mirror(Quiet):
        def do_GET(self) -> None:
            """Answer who has the login."""
            logins.append(self.headers["Authorization"])
            self.send_response(200 if logins[-1] else 401)
            self.end_headers()

    with served(ROOT, Mirror) as port:
        monkeypatch.setenv("PIP_INDEX_URL", f"http://me:to%40ken@127.0.0.1:{port}/simple/")
        assert package_index.why_not("what pip said") == "what pip said"

    assert logins == [f"Basic {base64.b64encode(b'me:to@ken').decode()}"]
