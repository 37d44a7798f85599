"""A client of Gwella's API: it depends on httpx alone and knows nothing of how the suite is built."""

from gwella_client.client import Answer, Client, Traffic
from gwella_client.following import Do, Entry, Follower, Page, Place, PlaceGone, pull, what_to_do
from gwella_client.problem import Problem
from gwella_client.reconciling import Found, compare, reconcile
from gwella_client.tokens import ClientCredentials

__all__ = [
    "Answer",
    "Client",
    "ClientCredentials",
    "Do",
    "Entry",
    "Follower",
    "Found",
    "Page",
    "Place",
    "PlaceGone",
    "Problem",
    "Traffic",
    "compare",
    "pull",
    "reconcile",
    "what_to_do",
]
