"""What a chapter's cells would repeat or hide: captions with computed numbers, tables, checks."""
