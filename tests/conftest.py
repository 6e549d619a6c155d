"""What holds for all tests."""

import os

# As in the command's entry point: threads on small matrices cost more than they do, the more so on a busy machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
