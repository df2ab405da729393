"""What the gateway does: requests of LGO in, news of the road to their follow-up."""
