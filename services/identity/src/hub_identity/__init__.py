"""Patients, INS identities and their status, the annuaire."""
