"""PostgreSQL and NATS on this machine, without containers: fetched, started, looked at and ended again.

For trials, tests and single machines. Knows nothing of chat, and blocks: commands and tests call it.
"""

from chinwag.engines.engines import Engines, Standing
from chinwag.engines.errors import EngineError
from chinwag.engines.nats import Nats
from chinwag.engines.place import Place
from chinwag.engines.postgres import Postgres
from chinwag.engines.programs import Programs, fetch

__all__ = ["EngineError", "Engines", "Nats", "Place", "Postgres", "Programs", "Standing", "fetch"]
