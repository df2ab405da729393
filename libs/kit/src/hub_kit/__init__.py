"""What every service is made of: database, messaging, security, telemetry, web."""
