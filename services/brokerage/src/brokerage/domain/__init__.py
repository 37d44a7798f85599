"""The rules of brokerage: pure functions over facts and dates."""
