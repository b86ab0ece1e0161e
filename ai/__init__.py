"""The assistant: models, prompts, jobs and their workers, suggestions, decisions and the feedback kept from them."""
