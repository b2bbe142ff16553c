"""The releases of the template: where they are in its history, what each asked, and how the next one is cut."""
