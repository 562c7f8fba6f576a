"""What the configuration says about Google's credentials reaches them: seen at the points where they are used or refused,
before anything is asked of Google."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from product import Product, quiet_config


class Refusing(BaseHTTPRequestHandler):
    """A server of subject tokens that has none for us."""

    asked = []

    def do_GET(self):
        self.asked.append(self.path)
        self.send_response(401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def token_server():
    server = HTTPServer(("127.0.0.1", 0), Refusing)
    Refusing.asked.clear()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class Cloud(Product):
    """Leads in BigQuery by the credentials of a file."""

    def with_file(self, credentials, **warehouse):
        path = self.folder / "google.json"
        path.write_text(json.dumps(credentials))
        path.chmod(0o600)
        block = {"type": "bigquery", "project": "p", "dataset": "d", "credentials_file": str(path), **warehouse}
        self.configure(warehouse=block)

    def environment(self):
        return {name: value for name, value in super().environment().items()
                if not name.startswith(("BIGQUERY_", "GOOGLE_", "GCE_"))}


@pytest.fixture
def cloud(start_sandbox, leadferry_binary, tmp_path):
    return Cloud(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)


def federation(url):
    return {"type": "external_account", "audience": "//iam.googleapis.com/x",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": "https://sts.googleapis.com/v1/token", "credential_source": {"url": url}}


def test_a_url_in_a_file_is_asked_only_where_the_configuration_names_it(cloud, token_server):
    for more in ({}, {"credentials_url_base": "https://elsewhere.example"}):
        cloud.with_file(federation(f"{token_server}/token"), **more)
        assert "warehouse.credentials_url_base" in cloud.run("schema", "check", code=78).stderr
    assert not Refusing.asked
    cloud.with_file(federation(f"{token_server}/token"), credentials_url_base=token_server)
    said = cloud.run("schema", "check", code=4).stderr
    assert "subject tokens answered 401" in said and Refusing.asked == ["/token"]


def test_the_quota_project_of_the_configuration_counts(cloud):
    login = {"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "r"}
    cloud.with_file(login, quota_project="no project")
    assert "the quota project of" in cloud.run("schema", "check", code=78).stderr
