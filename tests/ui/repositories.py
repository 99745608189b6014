"""The repositories that the UI shows: one where some land, some are turned down and some is left, and a curable one."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

# Pictures show paths: this one tells nothing about a machine.
NEUTRAL = Path(tempfile.gettempdir()) / "acme"
API = {
    "ruff.toml": 'lint.select = ["E", "F", "I", "UP", "B"]\n',
    "acme/__init__.py": '"""Acme."""\n',
    "acme/money.py": '"""Money."""\n\nimport os\nfrom typing import List\n\n\n'
    "def to_cents(amounts: List[float]) -> List[int]:\n"
    '    """In cents."""\n    return [round(amount * 100) for amount in amounts]\n',
    "acme/orders.py": '"""Orders."""\n\nfrom acme.money import to_cents\nfrom typing import Optional\nimport sys\n\n\n'
    'def total(prices: list[float], tax: Optional[float] = None) -> int:\n    """In cents."""\n'
    "    return sum(to_cents([price * (1 + (tax or 0)) for price in prices]))\n",
    "acme/users.py": '"""Users."""\n\nimport json\nfrom typing import Dict\n\n\ndef greet(user: Dict[str, str]) -> str:\n'
    '    """A greeting."""\n    return "Hello " + user["name"]\n',
    # Its one error is the import that the test below needs: the fix is turned down.
    "acme/compat.py": '"""Old names."""\n\nfrom acme.money import to_cents\n',
    # One error goes, one stays: no rule can know what was meant.
    "acme/mail.py": '"""Mail."""\n\nimport re\n\n\ndef send(to: str) -> None:\n    """Send."""\n    deliver(to)\n',
    "tests/test_compat.py": "from acme.compat import to_cents\n\n\ndef test_old_name() -> None:\n"
    "    assert to_cents([1.5]) == [150]\n",
    "tests/test_orders.py": "from acme.orders import total\n\n\ndef test_total() -> None:\n"
    "    assert total([1.0, 2.0]) == 300\n",
}
WITH_ERRORS = ("acme/money.py", "acme/orders.py", "acme/users.py", "acme/compat.py", "acme/mail.py")
WEB = {
    "ruff.toml": 'lint.select = ["E", "F"]\n',
    "web.py": '"""Web."""\n\nimport os\n\n\ndef one() -> int:\n    """One."""\n    return 1\n',
    "test_web.py": "from web import one\n\n\ndef test_one() -> None:\n    assert one() == 1\n",
}
SHOP = {**WEB, "page.py": '"""Page."""\n\nTITLE = f"Shop"\n'}


def git(root: Path, *arguments: str) -> str:
    """What git prints in *root*."""
    done = subprocess.run(("git", *arguments), cwd=root, check=True, capture_output=True, text=True, timeout=60)
    return done.stdout


@contextlib.contextmanager
def repositories() -> Iterator[tuple[Path, Path, Path]]:
    """`/tmp/acme/api`, `web` and `shop`, removed in the end. Ends the script when somebody has such a folder."""
    try:
        NEUTRAL.mkdir()
    except FileExistsError:
        raise SystemExit(f"{NEUTRAL} is there already: remove it, the test makes its repositories there") from None
    try:
        yield _repository(NEUTRAL / "api", API), _repository(NEUTRAL / "web", WEB), _repository(NEUTRAL / "shop", SHOP)
    finally:
        shutil.rmtree(NEUTRAL)


def _repository(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "config", "user.name", "Ada")
    git(root, "config", "user.email", "ada@acme.example")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message=feat: begin")
    return root
