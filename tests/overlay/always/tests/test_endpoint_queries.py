from tests.test_endpoints import ENDPOINTS


def test_no_endpoint_of_the_template_takes_more_than_nine_queries() -> None:
    assert [row.name for row in ENDPOINTS if row.queries > 9] == []
