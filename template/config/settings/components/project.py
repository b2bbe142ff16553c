"""Your own apps and settings. This file is yours: updates of the template leave it alone.

What stands here has the last word over the other components.
"""

# For example "apps.billing". They come before Django's apps, so that their templates win.
PROJECT_APPS: list[str] = []
