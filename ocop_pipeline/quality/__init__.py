"""Rules and contracts, declared once and run anywhere."""
