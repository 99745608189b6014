"""Which work pool the deployments go to, and what the containers of a docker pool are told, without a server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from deployments.api import Api
from deployments.docker_pool import Container, container_of
from deployments.doctor.work_pools import check_pools
from deployments.prefect_yaml import written
from deployments.work_pools import Asked, pool_of
from stomper.cli import app
from stomper.errors import StomperError
from tasks.limits import apply_limit_name

ROOT = Path(__file__).parents[2]
IMAGE = Container(image="registry.example.org/stomper:1.0")


class Server(Api):
    """The answers of a server that has *pools*, without one."""

    def __init__(self, pools: dict[str, Any], online: tuple[str, ...] = ()) -> None:
        super().__init__("http://server.invalid/api")
        object.__setattr__(self, "pools", pools)
        object.__setattr__(self, "online", online)

    pools: dict[str, Any]
    online: tuple[str, ...]

    def work_pool(self, name: str) -> dict[str, Any] | None:
        return {"name": name, **self.pools[name]} if name in self.pools else None

    def workers_online(self, pool: str) -> list[str]:
        return [pool] if pool in self.online else []


def deployed(pool: str | None, **variables: object) -> dict[str, Any]:
    """A deployment in *pool*, as far as it matters."""
    return {"work_pool_name": pool, "job_variables": variables}


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--pool-type", "kubernetes"], "the types process and docker"),
        (["--network", "n"], "--network: this is for the containers of a docker pool"),
        (["--image", "a b"], "give the name of an image"),
        (["--image", "i", "--volume", "./here:/there"], "--volume ./here:/there: give SOURCE:TARGET"),
        (["--image", "i", "--volume", "/here"], "give SOURCE:TARGET"),
        (["--image", "i", "--volume", "/here:there"], "give SOURCE:TARGET"),
        (["--image", "i", "--env", "A"], "--env A: give NAME=VALUE"),
        (["--image", "i", "--env", "1A=b"], "give NAME=VALUE"),
        (["--image", "i", "--env", "MY_API_KEY=planted"], "prefect.blocks.secret"),
        (["--image", "i", "--env", "HTTPS_PROXY=http://me:planted@proxy"], "prefect.blocks.secret"),
    ],
)
def test_what_the_command_refuses(
    flags: list[str], words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each by its flag, before anything is made; a secret is not repeated."""
    monkeypatch.setattr("deployments.deploy.configured", lambda: Server({}))
    monkeypatch.setattr("deployments.deploy.find", lambda _api, _name: None)
    done = CliRunner().invoke(app, ["deploy", str(tmp_path / "elsewhere"), *flags])
    assert isinstance(done.exception, StomperError)
    assert words in str(done.exception)
    assert "planted" not in str(done.exception)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Asked(), "`stomper deploy --create-pool` makes it"),
        (
            Asked(name="c", type="docker", container=IMAGE),
            "`stomper deploy --create-pool --pool c --pool-type docker --image IMAGE` makes it",
        ),
        (Asked(name="c", type="docker", create=True), "name the image of its containers by --image"),
        (Asked(name="there", container=IMAGE), "--image is for a docker pool"),
        (Asked(name="new", create=True, container=IMAGE), "give --pool-type docker"),
        (Asked(name="there", type="docker", container=IMAGE), "is of the type process, not docker"),
        (Asked(name="cluster"), "is of the type kubernetes"),
        (Asked(name="containers"), "name the image of its containers by --image"),
    ],
)
def test_pools_that_do_not_fit(wanted: Asked, words: str) -> None:
    """A missing pool, another type, and a docker pool without an image: the message names the next step."""
    pools = {name: {"type": kind} for name, kind in (("there", "process"), ("cluster", "kubernetes"))}
    with pytest.raises(StomperError, match="work pool") as refused:
        pool_of(Server({**pools, "containers": {"type": "docker"}}), wanted, [])
    assert words in str(refused.value)


def test_deployed_again_they_stay_where_they_are() -> None:
    """Without a name it is the pool that they are in; that of a docker pool has its image already."""
    server = Server({"c": {"type": "docker"}, "stomper": {"type": "process"}})
    assert pool_of(server, Asked(), [deployed("c", image="i"), deployed("c", image="i")]).name == "c"
    assert pool_of(server, Asked(), [deployed(None)]).name == "stomper"
    assert pool_of(server, Asked(name="stomper"), [deployed("c", image="i")]).type == "process"
    with pytest.raises(StomperError, match="--image"):
        pool_of(server, Asked(), [deployed("c", image="i"), deployed("c")])


def test_a_container_is_told_all_that_it_needs() -> None:
    """One state folder for all runs, no folder of the worker's machine, the repository where it is, and nothing twice."""
    variables = IMAGE.job_variables("c", ["/srv/project"])
    assert variables["image"] == "registry.example.org/stomper:1.0"
    assert variables["volumes"] == ["stomper-state:/var/lib/stomper", "/srv/project:/srv/project"]
    assert variables["auto_remove"] is True
    env = variables["env"]
    assert env["STOMPER_HOME"].startswith("/var/lib/stomper/")
    assert env["PREFECT_HOME"].startswith("/var/lib/stomper/")
    own = container_of(
        "i",
        volumes=["/srv:/srv:ro,z", "/data:/var/lib/stomper"],
        networks=["n"],
        variables=["A=b=c", "STOMPER_HOME=/x"],
    )
    assert own is not None
    variables = own.job_variables("c", ["/srv/project"])
    assert variables["volumes"] == ["/srv:/srv:ro,z", "/data:/var/lib/stomper"]
    assert variables["networks"] == ["n"]
    assert (variables["env"]["A"], variables["env"]["STOMPER_HOME"]) == ("b=c", "/x")
    for path in ("project", "/srv:x/project"):
        with pytest.raises(StomperError, match="--volume"):
            IMAGE.job_variables("c", [path])


def test_prefects_docker_pools_take_these_job_variables() -> None:
    """Those that the server knows without the worker's package, and those of the package."""
    from prefect.server.api import collections
    from prefect_docker.worker import DockerWorker

    file = Path(collections.__file__).parent / "collections_data/views/aggregate-worker-metadata.json"
    bundled = json.loads(file.read_text(encoding="utf-8"))["prefect-docker"]["docker"]["default_base_job_configuration"]
    for template in (bundled, DockerWorker.get_default_base_job_template()):
        assert set(IMAGE.job_variables("c", [])) <= set(template["variables"]["properties"])


def test_containers_of_one_machine_share_the_limit_of_landing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has a host name of its own; what they are told of their machine is the same."""
    names = []
    for host in ("a1b2c3", "d4e5f6"):
        monkeypatch.setattr("socket.gethostname", lambda host=host: host)
        monkeypatch.delenv("STOMPER_MACHINE", raising=False)
        names.append(apply_limit_name(Path("/srv/project/.git")))
        monkeypatch.setenv("STOMPER_MACHINE", IMAGE.job_variables("c", [])["env"]["STOMPER_MACHINE"])
        names.append(apply_limit_name(Path("/srv/project/.git")))
    assert names[0] != names[2]
    assert names[1] == names[3]


@pytest.mark.slow
@settings(deadline=None, max_examples=20)  # each writes a file, on a machine that may be busy
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=8))
def test_prefect_leaves_job_variables_as_they_are(value: Any) -> None:
    """Whatever stands in them: a reference to a secret above all is for the worker to fill in."""
    variables = {"env": {"A_KEY": "{{ prefect.blocks.secret.a }}", "B": "x{{ $HOME }}"}, "other": value}
    with written(ROOT, "c", {"fix-repository/nightly": variables}) as (file, kept):
        raw = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert not file.exists()
    assert {one["work_pool"]["name"] for one in raw["deployments"]} == {"c"}
    (nightly,) = [one for one in raw["deployments"] if one["name"] == "nightly"]
    found = nightly["work_pool"]["job_variables"]
    assert "prefect.blocks" not in str(raw)
    assert _filled(found, kept) == variables
    untouched = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))
    for one in raw["deployments"]:
        del one["work_pool"]
    for one in untouched["deployments"]:
        del one["work_pool"]
    assert raw == untouched


def _filled(value: Any, given: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(below, given) for name, below in value.items()}
    if isinstance(value, list):
        return [_filled(below, given) for below in value]
    return given.get(value[4:-3], value) if isinstance(value, str) and value.startswith("{{ $") else value


def test_the_doctor_looks_at_every_pool() -> None:
    """A pool without a worker, a docker pool without an image, and one whose own default is an image."""
    default = {"variables": {"properties": {"image": {"default": "of-the-pool"}}}}
    pools = {
        "p": {"type": "process"},
        "bare": {"type": "docker", "base_job_template": {"variables": {"properties": {"image": {}}}}},
        "full": {"type": "docker", "base_job_template": default},
    }
    found = check_pools(
        Server(pools, ("p",)),
        {"a": deployed("p"), "b": deployed("bare"), "c": deployed("full"), "d": deployed("full", image="own")},
    )
    told = [(one.subject, one.verdict, one.said) for one in found]
    assert told[:2] == [("work pool", "ok", "p (process)"), ("worker", "ok", "p")]
    assert [one[:2] for one in told[2:]] == [
        ("work pool", "ok"), ("image", "problem"), ("worker", "problem"),
        ("work pool", "ok"), ("image", "ok"), ("worker", "problem"),
    ]  # fmt: skip
    assert told[3][2].startswith("none for b:")
    assert told[6][2] == "of-the-pool, own"
    assert "prefect-docker" in found[4].mend
    (missing,) = check_pools(Server({}), {})
    assert (missing.verdict, "'stomper'" in missing.said) == ("warning", True)
