"""A real browser on a whole Airflow; a package, so that both end with the last test in here."""
