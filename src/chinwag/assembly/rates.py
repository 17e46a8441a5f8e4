"""The rates of the settings, as one process counts them."""

from chinwag.config import Config
from chinwag.domain.rate import Rate


def own_share(config: Config, rate: Rate) -> Rate:
    """What of `rate` this process grants by itself: of a cluster's, `cluster.nodes` processes grant it together."""
    return rate.divided(config.cluster.nodes if config.store.profile != "embedded" else 1)
