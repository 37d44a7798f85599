"""Reads the deployment files as their tools do, and holds the rules that they must keep."""
