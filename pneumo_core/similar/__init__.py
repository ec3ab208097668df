"""Similar films: the training films nearest to a film by the network's own features, and what they say of its answer.

Examples with their true labels let a reader judge an answer by other films, where a map only points into this one.
"""

from pneumo_core.similar.index import SimilarIndex, load_index
from pneumo_core.similar.remarks import remarks_on

__all__ = ["SimilarIndex", "load_index", "remarks_on"]
