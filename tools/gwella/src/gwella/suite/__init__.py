"""The whole suite on one machine: what runs where, how it is started, found again and stopped."""
