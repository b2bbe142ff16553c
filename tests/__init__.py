"""What this template promises, tested on the projects that it renders."""
