"""A project with Django, REST framework and simplejwt alone, which answers with the same bytes from the same tables."""
