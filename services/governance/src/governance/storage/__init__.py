"""Tables and SQL of bodies, meetings and what they decide, and what is known of schools."""
