"""Response times for known and unknown email addresses: they must not reveal who has an account."""

import json
import sys

from benchmarks.project import migrated_project
from benchmarks.render import machine

CALLS = 100

# Runs in the project, with the production hasher: known and unknown addresses in turn.
MEASURE = """
import json, statistics, time
import django
django.setup()
from rest_framework.test import APIClient
from rest_framework.throttling import SimpleRateThrottle
SimpleRateThrottle.THROTTLE_RATES = dict.fromkeys(SimpleRateThrottle.THROTTLE_RATES, "1000000/min")
from apps.users.models import User

calls = {calls}
for number in range(calls):
    User.objects.create_user(f"known-{{number}}@example.com", "correct horse battery")

def measure(path, email, number):
    body = {{"email": email, "password": "not the password at all"}}
    client = APIClient(REMOTE_ADDR=f"192.0.{{number // 250}}.{{number % 250}}")
    start = time.perf_counter()
    client.post(f"/api/v1/auth/{{path}}", body)
    return 1000 * (time.perf_counter() - start)

results = {{}}
for path in ("token/", "register/", "email/verify/resend/", "password/reset/"):
    times = {{"known": [], "unknown": []}}
    for number in range(calls):
        for kind in times:
            times[kind].append(measure(path, f"{{kind}}-{{number}}@example.com", number))
    results[path] = {{kind: (statistics.median(taken), statistics.stdev(taken)) for kind, taken in times.items()}}
print(json.dumps(results))
"""


def main() -> int:
    """Print medians and standard deviations in milliseconds. Return 1 if a difference exceeds the noise."""
    print(machine())
    variables = {
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "EMAIL_URL": "dummymail://",
        "LOG_LEVEL": "ERROR",
        "ALLOWED_HOSTS": "testserver",
    }
    with migrated_project(variables) as project:
        printed = project.python("-c", MEASURE.format(calls=CALLS)).stdout
    told = False
    for path, kinds in json.loads(printed.splitlines()[-1]).items():
        (known, noise), (unknown, other_noise) = kinds["known"], kinds["unknown"]
        told = told or abs(known - unknown) > max(noise, other_noise)
        print(f"{path:22} known {known:7.2f} ms, unknown {unknown:7.2f} ms, deviation {max(noise, other_noise):.2f} ms")
    return int(told)


if __name__ == "__main__":
    sys.exit(main())
