"""The releases of the template: their commits, their questions, and the command that cuts one."""
