"""The rules of visits, findings, actions, categories and monitoring: pure functions over facts and dates."""
