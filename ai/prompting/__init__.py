"""What a model is told: chosen, cleaned, counted, and shown to who asked."""
