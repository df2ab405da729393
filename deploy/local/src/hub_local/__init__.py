"""Real PostgreSQL and real Apache Kafka without Docker, and the demo."""
