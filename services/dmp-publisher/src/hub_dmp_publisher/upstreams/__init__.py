"""The client of what dmp-publisher calls: the DMP, with its error mapping."""
