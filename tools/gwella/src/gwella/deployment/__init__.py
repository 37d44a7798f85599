"""What depends on the topology in `k8s/`, `deploy/` and the compose file, written by `gwella contracts`."""
