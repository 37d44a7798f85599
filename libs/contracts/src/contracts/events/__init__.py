"""Event classes, one file per publishing service. Importing this package registers them all."""

from contracts.events import registry as registry
from contracts.events import visits as visits
from contracts.events import visits_categories as visits_categories
