"""Load test: users sign in and read their account. Run it with `make load-test`.

LOAD_EMAIL and LOAD_PASSWORD are the credentials of an existing account.
"""

import os

from locust import HttpUser, between, task


class AccountReader(HttpUser):
    """Signs in once, then reads the account."""

    wait_time = between(0.5, 2)

    def on_start(self) -> None:
        credentials = {"email": os.environ["LOAD_EMAIL"], "password": os.environ["LOAD_PASSWORD"]}
        tokens = self.client.post("/api/v1/auth/token/", json=credentials).json()
        self.client.headers["Authorization"] = f"Bearer {tokens['access']}"

    @task
    def read_account(self) -> None:
        """Read the account."""
        self.client.get("/api/v1/users/me/")
