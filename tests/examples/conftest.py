import sys
from pathlib import Path

from image_fixtures import fashion_mnist, one_thread, write_images

__all__ = ["fashion_mnist", "one_thread", "write_images"]

EXAMPLES = str(Path(__file__).parents[2] / "examples")
if EXAMPLES not in sys.path:
    sys.path.insert(0, EXAMPLES)
