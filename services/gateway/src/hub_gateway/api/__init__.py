"""The LGO API: parse, authorise, call a handler, map errors."""
