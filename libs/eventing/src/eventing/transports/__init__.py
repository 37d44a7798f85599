"""Ways for events to travel between services, behind one port."""
