"""Programs that the builder runs in processes of their own."""
