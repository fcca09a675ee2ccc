"""The page's server: only this machine, only with the token, only what belongs to the page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("starlette", reason="the page needs the [studio] extra")
pytest.importorskip("httpx2", reason="starlette's test client needs httpx2")

from starlette.testclient import TestClient

from perception_events.studio import Workbench
from perception_events.studio.server import HEADERS, MAX_BODY, studio_app
from support.studio import TOKEN, FixedSource
from support.topologies import every_kind

HOST = "127.0.0.1:8000"


@pytest.fixture
def client() -> Iterator[TestClient]:
    app = studio_app(Workbench(FixedSource(every_kind())), token=TOKEN, hosts=[HOST, "localhost:8000"])
    with TestClient(app, base_url=f"http://{HOST}") as client:
        yield client


def post(client: TestClient, action: str = "overview", headers: dict[str, str] | None = None, **arguments: Any) -> Any:
    return client.post(f"/{TOKEN}/api/{action}", json=arguments, headers=headers)


def test_the_page_and_its_parts_are_served_with_a_strict_policy(client: TestClient) -> None:
    for name in ("", "index.html", "studio.js", "diagram.js", "studio.css", "diagram.css"):
        response = client.get(f"/{TOKEN}/{name}")
        assert response.status_code == 200
        policy = response.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'")
        assert "unsafe" not in policy
    assert "<script type=" in client.get(f"/{TOKEN}/").text


def test_the_page_names_nothing_outside_of_itself(client: TestClient) -> None:
    text = client.get(f"/{TOKEN}/").text
    assert "http" not in text
    assert "style=" not in text
    assert text.count("<script") == 1


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "é"])
def test_without_the_token_there_is_nothing(client: TestClient, token: str) -> None:
    for response in (
        client.get(f"/{token}/"),
        client.get(f"/{token}/index.html"),
        client.get(f"/{token}/api/changes"),
        client.post(f"/{token}/api/overview", json={}),
    ):
        assert response.status_code in (404, 405), response.url
        assert "perception" not in response.text


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:8001", "localhost", "[::1]:8000", ""])
def test_another_host_is_rejected(client: TestClient, host: str) -> None:
    for response in (client.get(f"/{TOKEN}/", headers={"host": host}), post(client, headers={"host": host})):
        assert response.status_code == 403
        assert response.headers["content-security-policy"] == HEADERS["content-security-policy"]


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:8000", "http://127.0.0.1:8001"])
def test_another_origin_is_rejected(client: TestClient, origin: str) -> None:
    assert post(client, headers={"origin": origin}).status_code == 403
    assert client.get(f"/{TOKEN}/", headers={"origin": origin}).status_code == 403


def test_the_page_itself_is_answered(client: TestClient) -> None:
    assert post(client, headers={"origin": f"http://{HOST}"}).status_code == 200
    assert post(client, headers={"host": "localhost:8000", "origin": "http://localhost:8000"}).status_code == 200


def test_a_form_of_another_page_cannot_call(client: TestClient) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        response = client.post(f"/{TOKEN}/api/overview", content=b"{}", headers={"content-type": kind})
        assert response.status_code == 415


@pytest.mark.parametrize(
    "path",
    [
        *("../pyproject.toml", "..%2f..%2fpyproject.toml", "/etc/passwd", "%2fetc%2fpasswd", "static/index.html"),
        *("__init__.py", "server.py", "index.html/", "./index.html%00", "api/../server.py"),
    ],
)
def test_no_path_leads_to_a_file(client: TestClient, path: str) -> None:
    response = client.get(f"/{TOKEN}/{path}")
    assert response.status_code in (404, 405)
    assert "root:" not in response.text


def test_what_is_called_wrongly_is_said(client: TestClient) -> None:
    assert post(client, "no_such").status_code == 400
    assert "no action 'no_such'" in post(client, "no_such").json()["error"]["reason"]
    headers = {"content-type": "application/json"}
    for content in (b"{", b"[]", b"3", b"\xff", b"[" * 100_000):
        assert client.post(f"/{TOKEN}/api/send", content=content, headers=headers).status_code == 400
    assert client.post(f"/{TOKEN}/api/send", content=b"x" * (MAX_BODY + 1), headers=headers).status_code == 413


def test_an_event_of_five_megabytes_is_taken(client: TestClient) -> None:
    event = {"source": "orders", "detail-type": "x", "detail": {"items": ["x" * 100] * 50_000}}
    response = post(client, "send", text=json.dumps(event))
    assert response.status_code == 200
    assert response.json()["events"]


def test_hostile_text_comes_back_as_text(client: TestClient) -> None:
    response = post(client, "send", text='{"source": "<script>alert(1)</script>", "detail-type": "x", "detail": {}}')
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-content-type-options"] == "nosniff"
