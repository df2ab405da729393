"""Events in, work, events out: every accepted event has its effect exactly once, or is visibly refused or dead."""
