"""Usage: remote_worker.py FOLDER: runs jobs that a tuner elsewhere puts there."""

import sys
from pathlib import Path

from folder_backend import work

if __name__ == "__main__":
    work(Path(sys.argv[1]), f"{Path(__file__).with_name('remote_driver.py')}:objective")
