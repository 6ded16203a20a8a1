"""Identity: who held which status when. Timelines, agency authority, premium subsidies, admissions."""
