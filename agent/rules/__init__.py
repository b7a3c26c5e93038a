"""Rules: pure functions over a draft, each with its guideline section; they report findings and edit nothing."""
