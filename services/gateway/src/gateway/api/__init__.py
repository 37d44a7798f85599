"""The gateway on the wire: the pass-through handler and its own pages."""
