"""Settings by concern, one file each."""
