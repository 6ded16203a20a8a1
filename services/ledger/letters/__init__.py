"""The dead letters' office: letters found, listed, and their records sent again. Not here: writing them, reading one (`services/runtime/`)."""
