"""Event classes, one file per publishing service. Importing this package registers them all."""

from contracts.events import registry as registry
