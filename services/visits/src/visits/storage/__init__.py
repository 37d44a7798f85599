"""Tables and SQL of visits, findings, actions, categories and monitoring, and what is known of schools."""
