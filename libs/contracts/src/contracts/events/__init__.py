"""Event classes, one file per publishing service. Importing this package registers them all."""

from contracts.events import brokerage as brokerage
from contracts.events import brokerage_commissions as brokerage_commissions
from contracts.events import brokerage_moves as brokerage_moves
from contracts.events import brokerage_providers as brokerage_providers
from contracts.events import exchange as exchange
from contracts.events import governance as governance
from contracts.events import governance_decisions as governance_decisions
from contracts.events import governance_documents as governance_documents
from contracts.events import governance_moves as governance_moves
from contracts.events import governance_proceedings as governance_proceedings
from contracts.events import registry as registry
from contracts.events import registry_transfers as registry_transfers
from contracts.events import visits as visits
from contracts.events import visits_categories as visits_categories
from contracts.events import visits_documents as visits_documents
from contracts.events import visits_moves as visits_moves
