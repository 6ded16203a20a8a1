"""Everything that the topics hold of one person, found for him and handed out."""
