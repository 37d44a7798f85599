"""What a caller may do: roles as reviewed data, one decision function, and the row predicates made from it."""
