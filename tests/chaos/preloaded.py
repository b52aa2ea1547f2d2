"""For the server that workers are forked from: numba, up and running, and the loops of clustering.

numba takes half a second of CPU time before its first call; a worker of a small task takes less.
"""

import numpy as np

from filters import linkage, minhash

_PARENT = np.arange(2)
linkage.unite(_PARENT, _PARENT[:1].copy(), _PARENT[1:].copy())
minhash.band_hashes(np.zeros((1, minhash.PERMUTATIONS), np.uint32))
