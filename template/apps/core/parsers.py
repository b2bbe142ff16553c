"""Request body parsers."""

from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class BoundedJSONParser(JSONParser):
    """Answer 400 instead of 500 to JSON that is nested deeper than Python can parse."""

    def parse(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        try:
            return super().parse(*args, **kwargs)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
