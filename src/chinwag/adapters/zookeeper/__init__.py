"""Who lives, who owns what, and the counters of epochs, on ZooKeeper."""

from chinwag.adapters.zookeeper.connection import ZooKeeperConnection, ZooKeeperServers
from chinwag.adapters.zookeeper.epochs import Epochs
from chinwag.adapters.zookeeper.registry import ZooKeeperRegistry

__all__ = ["Epochs", "ZooKeeperConnection", "ZooKeeperRegistry", "ZooKeeperServers"]
