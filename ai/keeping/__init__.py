"""KNOWLEDGE.md: what a group knows, kept by the assistant as proposals that name their sources."""
