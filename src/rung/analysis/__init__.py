"""What a study says: columns computed from its rows, and figures of them (matplotlib is loaded when one is drawn)."""
