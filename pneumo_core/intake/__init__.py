"""The intake gate: is this a frontal chest film, and good enough to be read?"""

from pneumo_core.intake.assess import assess
from pneumo_core.intake.gate import Gate, default_gate

__all__ = ["Gate", "assess", "default_gate"]
