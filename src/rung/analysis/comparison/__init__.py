"""What runs of several methods say about which one is better: statistics, their gathering, and figures."""
