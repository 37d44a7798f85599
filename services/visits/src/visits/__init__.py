"""Challenge visits: what was seen in a school, what is to be done, and how much support it may call on."""
